// What this person said before the page was loaded: the server's word, and what it did not know yet.

// `overtaking`: answers that were taken about when the page was made, oldest first; `unsent`: those still to be sent.
// Returns the answers that stand, oldest first, and tells `supply` which images are answered already.
export function restored({ recent, source }, { overtaking, unsent }, supply) {
  const history = [...recent];
  // Answers are taken in order: what came before one that the server knew, it knew too.
  const known = overtaking.findLastIndex(({ body }) => recent.some((answer) => answer.key === body.key));
  for (const { body, item } of [...overtaking.slice(known + 1), ...unsent]) {
    const index = history.findIndex((answer) => answer.key === (body.undoes ?? body.key));
    if (body.undoes) {
      if (index < 0) continue;
      supply.reopened(history[index].item.id);
      history.splice(index, 1);
    } else {
      supply.answered(body.image_id);
      if (index < 0 && body.source === source)
        history.push({ key: body.key, kind: body.kind, classId: body.class_id, item });
    }
  }
  for (const { body } of overtaking) supply.saved(body.image_id);
  return history;
}

// The answers before `first`; none when the server cannot be reached: Backspace asks again.
export async function listEarlier({ project, pile }, first) {
  try {
    const response = await fetch(`/projects/${project}/annotations/recent?pile=${pile}&before=${first.key}`, {
      headers: { Accept: "application/json" },
    });
    if (!response.ok) return [];
    return (await response.json()).recent;
  } catch {
    return [];
  }
}
