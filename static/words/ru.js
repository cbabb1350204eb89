// Made by `make messages` from the catalogue.
export const forms = [
  "one",
  "few",
  "many"
];
export const words = {
  "%(aside)s set aside (%(number)s), %(wrong)s of the rest wrong": [
    "отложено %(aside)s (%(number)s), из остальных неверны %(wrong)s"
  ],
  "%(chart)s of %(model)s": [
    "%(chart)s: %(model)s"
  ],
  "%(chart)s of %(model)s, %(name)s against the rest": [
    "%(chart)s: %(model)s, «%(name)s» против остальных"
  ],
  "%(done)s of %(all)s images": [
    "изображений %(done)s из %(all)s"
  ],
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
  "%(number)s MB": [
    "%(number)s МБ"
  ],
  "%(number)s MB/s": [
    "%(number)s МБ/с"
  ],
  "%(number)s a minute": [
    "%(number)s в минуту"
  ],
  "%(number)s file in %(seconds)s s": [
    "%(number)s файл за %(seconds)s с",
    "%(number)s файла за %(seconds)s с",
    "%(number)s файлов за %(seconds)s с"
  ],
  "%(number)s image": [
    "%(number)s изображение",
    "%(number)s изображения",
    "%(number)s изображений"
  ],
  "%(number)s images a second": [
    "%(number)s изображений в секунду"
  ],
  "%(number)s left": [
    "осталось %(number)s"
  ],
  "%(number)s ms": [
    "%(number)s мс"
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
  "%(share)s after %(number)s answer": [
    "%(share)s после %(number)s ответа",
    "%(share)s после %(number)s ответов",
    "%(share)s после %(number)s ответов"
  ],
  "%(share)s errors, %(cost)s": [
    "ошибок %(share)s, %(cost)s"
  ],
  "%(taken)s taken, %(there)s already there, %(aside)s set aside": [
    "взято %(taken)s, уже есть %(there)s, отложено %(aside)s"
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
  "%(wrong)s wrong, none set aside": [
    "неверны %(wrong)s, ничего не отложено"
  ],
  ", %(number)s of debris skipped": [
    ", %(number)s лишний пропущен",
    ", %(number)s лишних пропущены",
    ", %(number)s лишних пропущено"
  ],
  ", beaten by none": [
    ", никем не превзойдена"
  ],
  "After %(number)s answer an estimated %(share)s wrong, %(low)s to %(high)s": [
    "После %(number)s ответа по оценке неверны %(share)s, от %(low)s до %(high)s",
    "После %(number)s ответов по оценке неверны %(share)s, от %(low)s до %(high)s",
    "После %(number)s ответов по оценке неверны %(share)s, от %(low)s до %(high)s"
  ],
  "After %(number)s answer an expected %(share)s wrong, %(low)s to %(high)s": [
    "После %(number)s ответа ожидается %(share)s неверных, от %(low)s до %(high)s",
    "После %(number)s ответов ожидается %(share)s неверных, от %(low)s до %(high)s",
    "После %(number)s ответов ожидается %(share)s неверных, от %(low)s до %(high)s"
  ],
  "Around it": [
    "Вокруг него"
  ],
  "Calibration": [
    "Калибровка"
  ],
  "Cancelled. What was taken stays; upload the same files again to complete it.": [
    "Отменено. Взятое остаётся; чтобы дополнить, загрузите те же файлы снова."
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
  "Coverage and error": [
    "Охват и ошибка"
  ],
  "Dismiss": [
    "Закрыть"
  ],
  "Download %(name)s as %(kind)s": [
    "Скачать «%(name)s» как %(kind)s"
  ],
  "Error against latency": [
    "Ошибка и задержка"
  ],
  "Error against size": [
    "Ошибка и размер"
  ],
  "Estimated wrong labels: %(list)s. The aim is %(aim)s.": [
    "Оценка доли неверных меток: %(list)s. Цель — %(aim)s."
  ],
  "Fewer answers, the surest first, and fewer of them wrong.": [
    "Чем меньше ответов, самые уверенные первыми, тем меньше среди них неверных."
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
  "Its pictures do not come. Please try again.": [
    "Её картинки не приходят. Попробуйте ещё раз."
  ],
  "Load them": [
    "Загрузить"
  ],
  "Looking at the files": [
    "Смотрим файлы"
  ],
  "Looking for near duplicates": [
    "Ищем почти одинаковые"
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
  "On the dashed line a score is a true probability. A click shows the images of that score.": [
    "На пунктире оценка равна истинной вероятности. Щелчок покажет изображения с этой оценкой."
  ],
  "Open the picture": [
    "Открыть картинку"
  ],
  "Point at the curve, or use the arrow keys; a click takes its threshold and shows the images around it.": [
    "Наведите на кривую или жмите стрелки; щелчок берёт порог и показывает изображения около него."
  ],
  "Precision and recall": [
    "Точность и полнота"
  ],
  "Press Ctrl+C": [
    "Нажмите Ctrl+C"
  ],
  "Root scale. A click shows a bar’s images.": [
    "Шкала корневая. Щелчок покажет изображения столбика."
  ],
  "Saving the last answers …": [
    "Сохраняем последние ответы …"
  ],
  "Score of each test image": [
    "Оценки изображений теста"
  ],
  "Sending": [
    "Отправляем"
  ],
  "Sending %(part)s of %(all)s": [
    "Отправлено %(part)s из %(all)s"
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
  "The band around the middle grows from right to left: fewer answers, fewer of them wrong. A click takes the band and shows what it sets aside.": [
    "Полоса вокруг середины растёт справа налево: ответов меньше, и неверных среди них меньше. Щелчок берёт полосу и показывает, что она откладывает."
  ],
  "The images could not be shown; please reload the page.": [
    "Показать изображения не удалось; обновите страницу."
  ],
  "The labelers have not seen this image yet.": [
    "Разметчики ещё не видели это изображение."
  ],
  "The last images are on other screens: other people’s, or another tab of yours. What they leave comes here.": [
    "Последние изображения на других экранах: у других людей или в другой вашей вкладке. Что они оставят, придёт сюда."
  ],
  "The last tiles are on other screens: other people’s, or another tab of yours. What they leave comes here.": [
    "Последние плитки на других экранах: у других людей или в другой вашей вкладке. Что они оставят, придёт сюда."
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
  "The seed is complete: from here on the labelers learn by themselves. More answers do no harm.": [
    "Начальные изображения размечены: дальше разметчики учатся сами. Ещё ответы не повредят."
  ],
  "The seed is complete: the labelers can learn now.": [
    "Начальные изображения размечены: разметчики могут учиться."
  ],
  "The server answered %(status)s; nothing was taken.": [
    "Сервер ответил %(status)s; ничего не взято."
  ],
  "The server cannot be reached; trying again. Your answers are kept here.": [
    "Сервер не отвечает; пробуем ещё. Ваши ответы хранятся здесь."
  ],
  "The server could not be reached. What it took stays; upload the same files again.": [
    "Сервер недоступен. Взятое остаётся; загрузите те же файлы снова."
  ],
  "The server could not be reached; nothing was saved.": [
    "Сервер недоступен; ничего не сохранено."
  ],
  "The server did not answer in time.": [
    "Сервер не ответил вовремя."
  ],
  "The server went away. What it took stays; upload the same files again.": [
    "Сервер пропал. Взятое остаётся; загрузите те же файлы снова."
  ],
  "The whole report": [
    "Весь отчёт"
  ],
  "There is no page to take back.": [
    "Нет страницы, которую можно вернуть."
  ],
  "This image was not sent to review; please try again.": [
    "Изображение не отправлено на проверку; попробуйте ещё раз."
  ],
  "To the labelers": [
    "К разметчикам"
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
    "доля верных"
  ],
  "against latency": [
    "по задержке"
  ],
  "against size": [
    "по размеру"
  ],
  "aim": [
    "цель"
  ],
  "all models": [
    "все модели"
  ],
  "an archived class": [
    "архивный класс"
  ],
  "answered": [
    "отвечено"
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
  "effort": [
    "затраты"
  ],
  "estimated by the rounds": [
    "оценили раунды"
  ],
  "expected of more answers": [
    "ожидается от новых ответов"
  ],
  "false positive rate": [
    "доля ложных срабатываний"
  ],
  "from %(threshold)s on, %(answered)s answered, %(wrong)s of them wrong": [
    "начиная с %(threshold)s: отвечено %(answered)s, из них неверны %(wrong)s"
  ],
  "from %(threshold)s on, %(found)s found, %(through)s of the others let through": [
    "начиная с %(threshold)s: найдено %(found)s, из остальных пропущено %(through)s"
  ],
  "from %(threshold)s on, %(missed)s missed, %(through)s of the others let through": [
    "начиная с %(threshold)s: упущено %(missed)s, из остальных пропущено %(through)s"
  ],
  "from %(threshold)s on, recall %(recall)s, precision %(precision)s": [
    "начиная с %(threshold)s: полнота %(recall)s, точность %(precision)s"
  ],
  "in training": [
    "на обучении"
  ],
  "in validation": [
    "на проверке"
  ],
  "labelled %(label)s (%(source)s) · score %(score)s": [
    "метка «%(label)s» (%(source)s) · оценка %(score)s"
  ],
  "left out, for review": [
    "оставлено для проверки"
  ],
  "loss": [
    "потери"
  ],
  "missed": [
    "упущено"
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
  "not sure from %(low)s to %(high)s: %(answered)s answered, %(wrong)s of them wrong": [
    "не уверена от %(low)s до %(high)s: отвечено %(answered)s, из них неверны %(wrong)s"
  ],
  "now %(name)s": [
    "теперь «%(name)s»"
  ],
  "of %(number)s image that scores %(low)s to %(high)s, %(share)s is so": [
    "из %(number)s изображения с оценкой от %(low)s до %(high)s таково %(share)s",
    "из %(number)s изображений с оценкой от %(low)s до %(high)s таковы %(share)s",
    "из %(number)s изображений с оценкой от %(low)s до %(high)s таковы %(share)s"
  ],
  "of them wrong": [
    "из них неверны"
  ],
  "one image on this machine": [
    "одно изображение на этой машине"
  ],
  "others let through": [
    "чужие пропущены"
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
  "precision": [
    "точность"
  ],
  "recall": [
    "полнота"
  ],
  "review": [
    "проверка"
  ],
  "saved": [
    "сохранено"
  ],
  "score": [
    "оценка"
  ],
  "score %(low)s to %(high)s: %(number)s image": [
    "оценка от %(low)s до %(high)s: %(number)s изображение",
    "оценка от %(low)s до %(high)s: %(number)s изображения",
    "оценка от %(low)s до %(high)s: %(number)s изображений"
  ],
  "share that is so": [
    "доля таких"
  ],
  "size of the model": [
    "размер модели"
  ],
  "still unclear": [
    "ещё неясно"
  ],
  "taken": [
    "взято"
  ],
  "taken back": [
    "взято назад"
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
  "the threshold stands here: %(threshold)s": [
    "порог стоит здесь: %(threshold)s"
  ],
  "this browser stores nothing; keep this tab open.": [
    "этот браузер ничего не хранит; не закрывайте вкладку."
  ],
  "this label is in doubt": [
    "эта метка под сомнением"
  ],
  "this one": [
    "эта"
  ],
  "to review": [
    "на проверку"
  ],
  "true positive rate": [
    "доля найденных"
  ],
  "validation loss": [
    "потери на проверке"
  ],
  "wrong of all labels": [
    "неверных среди всех меток"
  ],
  "you say %(name)s": [
    "вы говорите «%(name)s»"
  ],
  "▲ %(number)s answer not saved yet: %(problem)s": [
    "▲ %(number)s ответ ещё не сохранён: %(problem)s",
    "▲ %(number)s ответа ещё не сохранены: %(problem)s",
    "▲ %(number)s ответов ещё не сохранены: %(problem)s"
  ],
  "◆ no other model is both cheaper and better.": [
    "◆ нет модели и дешевле, и лучше."
  ],
  "◌ saving %(number)s": [
    "◌ сохраняем %(number)s"
  ]
};
