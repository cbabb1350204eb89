// The tiles' pictures: tiny ones are cells of a sheet, larger ones come by themselves.

import { _ } from "../words.js";
import { stretched } from "./picture.js";

// Resolves when each tile has a `source` to be drawn from, or says why it is `off`: nobody answers what cannot be seen.
// Resolves to whether all could be asked for: a picture is not missing because the server is away.
export async function loadPictures(tiles, sheets) {
  const addresses = new Map();
  for (const tile of tiles) {
    const address = sheets[tile.sheet] ?? tile.url;
    addresses.set(address, [...(addresses.get(address) ?? []), tile]);
  }
  const reached = await Promise.all([...addresses].map(([address, those]) => loadOne(address, those)));
  return reached.every(Boolean);
}

async function loadOne(address, tiles) {
  const answer = await fetched(address);
  if (!answer) return false;
  const image = answer.bytes && (await createImageBitmap(answer.bytes).catch(() => null));
  for (const tile of tiles) {
    if (!image || answer.empty.has(tile.cell)) tile.off = _("picture missing");
    else tile.source = tile.url ? whole(image) : cellOf(tile, image, answer.side);
  }
  return true;
}

// Null when the server does not answer; no bytes when it has no picture.
async function fetched(address) {
  try {
    const response = await fetch(address);
    if (!response.ok && response.status !== 404) return null;
    const empty = response.headers.get("X-Squint-Empty");
    return {
      bytes: response.ok ? await response.blob() : null,
      side: Number(response.headers.get("X-Squint-Side")),
      empty: new Set(empty ? empty.split(",").map(Number) : []),
    };
  } catch {
    return null;
  }
}

function cellOf({ cell, columns, width, height }, image, side) {
  const x = (cell % columns) * side + Math.floor((side - width) / 2);
  const y = Math.floor(cell / columns) * side + Math.floor((side - height) / 2);
  return { image, x, y, width, height };
}

function whole(image) {
  return { image, x: 0, y: 0, width: image.width, height: image.height };
}

// The tile as an address that says it all, to be kept.
export function pictureOf(tile) {
  return tile?.element?.querySelector("canvas")?.toDataURL("image/webp");
}

export function paint(canvas, { image, x, y, width, height }, stretch) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, x, y, width, height, 0, 0, width, height);
  if (stretch) context.putImageData(stretched(context.getImageData(0, 0, width, height)), 0, 0);
}
