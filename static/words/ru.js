// Made by `make messages` from the catalogue.
export const forms = [
  "one",
  "few",
  "many"
];
export const words = {
  "%(labeler)s is sure to %(number)s percent": [
    "%(labeler)s: уверенность %(number)s процентов"
  ],
  "%(minutes)s minutes without a break. Tired eyes err more: look away for a while.": [
    "%(minutes)s минут без перерыва. Усталые глаза чаще ошибаются: отведите взгляд ненадолго."
  ],
  "%(name)s cannot be shown; trying again. Its file may be missing.": [
    "%(name)s не показать; пробуем ещё. Возможно, файла нет."
  ],
  "%(name)s, a person said": [
    "%(name)s, сказал человек"
  ],
  "%(name)s, accepted": [
    "%(name)s, принято"
  ],
  "%(name)s, the image to answer": [
    "%(name)s, изображение для ответа"
  ],
  "%(number)s a minute": [
    "%(number)s в минуту"
  ],
  "%(number)s image": [
    "%(number)s изображение",
    "%(number)s изображения",
    "%(number)s изображений"
  ],
  "%(number)s left": [
    "осталось %(number)s"
  ],
  "%(number)s of these tiles: taken by somebody else.": [
    "Взяты кем-то другим: %(number)s."
  ],
  "%(number)s selected": [
    "выбрано %(number)s"
  ],
  "%(number)s tile": [
    "%(number)s плитка",
    "%(number)s плитки",
    "%(number)s плиток"
  ],
  "%(part)s of %(whole)s": [
    "%(part)s из %(whole)s"
  ],
  "%(part)s of %(whole)s images": [
    "%(part)s из %(whole)s изображений"
  ],
  "%(share)s after %(answers)s answers": [
    "%(share)s после %(answers)s ответов"
  ],
  "%(title)s after epoch %(count)s: %(last)s": [
    "%(title)s после эпохи %(count)s: %(last)s"
  ],
  "%(title)s after try %(count)s: %(last)s": [
    "%(title)s после попытки %(count)s: %(last)s"
  ],
  "%(why)s, not answered": [
    "%(why)s, без ответа"
  ],
  "After %(answers)s answers an estimated %(share)s wrong, %(low)s to %(high)s": [
    "После %(answers)s ответов по оценке неверны %(share)s, от %(low)s до %(high)s"
  ],
  "After %(answers)s answers an expected %(share)s wrong, %(low)s to %(high)s": [
    "После %(answers)s ответов ожидается %(share)s неверных, от %(low)s до %(high)s"
  ],
  "Around it": [
    "Вокруг него"
  ],
  "Choose tiles first: click them, or walk to them by arrows.": [
    "Сначала выберите плитки: щелчком или стрелками."
  ],
  "Confirm": [
    "Подтвердить"
  ],
  "Confirm %(answers)s": [
    "Подтвердить: %(answers)s"
  ],
  "Confirmed: %(answers)s.": [
    "Подтверждено: %(answers)s."
  ],
  "Copied": [
    "Скопировано"
  ],
  "Download %(name)s as %(kind)s": [
    "Скачать «%(name)s» как %(kind)s"
  ],
  "Estimated wrong labels: %(list)s. The aim is %(aim)s.": [
    "Оценка доли неверных меток: %(list)s. Цель — %(aim)s."
  ],
  "Find it in the list": [
    "Найти в списке"
  ],
  "Go on": [
    "Дальше"
  ],
  "Hidden, so that they do not sway you.": [
    "Скрыты, чтобы не влиять на вас."
  ],
  "Its group": [
    "Его группа"
  ],
  "Load them": [
    "Загрузить"
  ],
  "Looking for the next image …": [
    "Ищем следующее изображение …"
  ],
  "Looking for the next tiles …": [
    "Ищем следующие плитки …"
  ],
  "Next image": [
    "Следующее изображение"
  ],
  "Nothing answered is like it yet.": [
    "Похожих с ответом пока нет."
  ],
  "Open the picture": [
    "Открыть картинку"
  ],
  "Press Ctrl+C": [
    "Нажмите Ctrl+C"
  ],
  "Saving the last answers …": [
    "Сохраняем последние ответы …"
  ],
  "Sign in again": [
    "Войти снова"
  ],
  "Taken back: %(answer)s": [
    "Возвращено: %(answer)s"
  ],
  "Taken back: %(answers)s.": [
    "Возвращено: %(answers)s."
  ],
  "Thank you.": [
    "Спасибо."
  ],
  "The labelers have not seen this image yet.": [
    "Разметчики ещё не видели это изображение."
  ],
  "The last images are on other people’s screens. What they leave comes here.": [
    "Последние изображения на экранах у других. Что они оставят, придёт сюда."
  ],
  "The last tiles are on other people’s screens. What they leave comes here.": [
    "Последние плитки на экранах у других. Что они оставят, придёт сюда."
  ],
  "The map could not be fetched. Please load the page again.": [
    "Не удалось получить карту. Загрузите страницу ещё раз."
  ],
  "The mouse or the arrow keys name each round.": [
    "Мышь или стрелки назовут каждый раунд."
  ],
  "The page can be taken back when it is saved.": [
    "Страницу можно вернуть, когда она сохранится."
  ],
  "The project’s classes have changed.": [
    "Классы проекта изменились."
  ],
  "The seed is complete, thank you. More answers do no harm.": [
    "Начальные изображения размечены, спасибо. Лишние ответы не повредят."
  ],
  "The seed is complete: the labelers can learn now.": [
    "Начальные изображения размечены: разметчики могут учиться."
  ],
  "The server cannot be reached; trying again. Your answers are kept here.": [
    "Сервер не отвечает; пробуем ещё. Ваши ответы хранятся здесь."
  ],
  "There is no page to take back.": [
    "Нет страницы, которую можно вернуть."
  ],
  "This image was not sent to review; please try again.": [
    "Изображение не отправлено на проверку; попробуйте ещё раз."
  ],
  "To the overview": [
    "К обзору"
  ],
  "Train the labelers": [
    "Обучить разметчиков"
  ],
  "What comes next": [
    "Что дальше"
  ],
  "You are signed out.": [
    "Вы вышли из системы."
  ],
  "You said %(answer)s. The next answer counts instead.": [
    "Ваш ответ: %(answer)s. Следующий заменит его."
  ],
  "a person said so": [
    "сказал человек"
  ],
  "about %(number)s h left": [
    "осталось около %(number)s ч"
  ],
  "about %(number)s min left": [
    "осталось около %(number)s мин"
  ],
  "accepted": [
    "принятые"
  ],
  "accuracy": [
    "точность"
  ],
  "aim": [
    "цель"
  ],
  "an archived class": [
    "архивный класс"
  ],
  "answers": [
    "ответы"
  ],
  "archived": [
    "в архиве"
  ],
  "can’t tell": [
    "не сказать"
  ],
  "change": [
    "изменить"
  ],
  "estimated by the rounds": [
    "оценили раунды"
  ],
  "expected of more answers": [
    "ожидается от новых ответов"
  ],
  "in training": [
    "на обучении"
  ],
  "in validation": [
    "на проверке"
  ],
  "left out, for review": [
    "оставлено для проверки"
  ],
  "loss": [
    "потери"
  ],
  "no answer": [
    "без ответа"
  ],
  "no label": [
    "без метки"
  ],
  "nobody can tell": [
    "никто не может сказать"
  ],
  "not labelled yet": [
    "ещё без метки"
  ],
  "people differ": [
    "люди расходятся"
  ],
  "picture missing": [
    "картинки нет"
  ],
  "please sign in again, your answers wait here.": [
    "войдите снова, ваши ответы ждут здесь."
  ],
  "review": [
    "проверка"
  ],
  "saved": [
    "сохранено"
  ],
  "still unclear": [
    "ещё неясно"
  ],
  "taken": [
    "взято"
  ],
  "taken by somebody else": [
    "взято кем-то другим"
  ],
  "the best": [
    "лучшая"
  ],
  "the server answered with an error.": [
    "сервер ответил ошибкой."
  ],
  "the server cannot be reached.": [
    "сервер не отвечает."
  ],
  "this browser stores nothing; keep this tab open.": [
    "этот браузер ничего не хранит; не закрывайте вкладку."
  ],
  "this one": [
    "эта"
  ],
  "to review": [
    "на проверку"
  ],
  "validation loss": [
    "потери на проверке"
  ],
  "wrong of all labels": [
    "неверных среди всех меток"
  ],
  "▲ %(number)s answer not saved yet: %(problem)s": [
    "▲ %(number)s ответ ещё не сохранён: %(problem)s",
    "▲ %(number)s ответа ещё не сохранены: %(problem)s",
    "▲ %(number)s ответов ещё не сохранены: %(problem)s"
  ],
  "◌ saving %(number)s": [
    "◌ сохраняем %(number)s"
  ]
};
