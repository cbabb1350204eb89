// The tiles' pictures: tiny ones are cells of a sheet, larger ones come by themselves.

import { _ } from "../words.js";
import { stretched } from "./picture.js";

const RETRY_MS = [1000, 2000, 4000];

// Resolves when each tile has a `source` to be drawn from, or says why it is `off`: nobody answers what cannot be seen.
export async function loadPictures(tiles, sheets) {
  const addresses = new Map();
  for (const tile of tiles) {
    const address = sheets[tile.sheet] ?? tile.url;
    addresses.set(address, [...(addresses.get(address) ?? []), tile]);
  }
  await Promise.all([...addresses].map(([address, those]) => loadOne(address, those)));
}

async function loadOne(address, tiles) {
  const found = await fetched(address);
  for (const tile of tiles) {
    if (!found || found.empty.has(tile.cell)) tile.off = _("picture missing");
    else tile.source = tile.url ? whole(found.image) : cellOf(tile, found);
  }
}

// Null when the picture is not there, or does not come however often it is asked for.
async function fetched(address) {
  for (const wait of [...RETRY_MS, null]) {
    try {
      const response = await fetch(address);
      if (response.status === 404) return null;
      if (!response.ok) throw new Error("no picture");
      const empty = response.headers.get("X-Squint-Empty");
      return {
        image: await createImageBitmap(await response.blob()),
        side: Number(response.headers.get("X-Squint-Side")),
        empty: new Set(empty ? empty.split(",").map(Number) : []),
      };
    } catch {
      if (wait) await new Promise((wake) => setTimeout(wake, wait));
    }
  }
  return null;
}

function cellOf({ cell, columns, width, height }, { image, side }) {
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
