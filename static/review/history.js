// What this person said before the page was loaded: the server's word, and what it did not know yet.

// `unknown`: oldest first; the server may have known some of them nevertheless.
// Returns the answers that stand, oldest first, and tells `supply` which images are answered already.
export function restored({ recent, source }, unknown, supply) {
  const history = [...recent];
  for (const { body, item } of unknown) {
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
