// The pictures of the map: tiny ones from sheets that many share, others one by one; each is fetched when looked at.

const MOST_AT_ONCE = 6;

export class Pictures {
  #base;
  #columns;
  #sheets;
  #known = new Map();
  #waiting = [];
  #loading = 0;
  #arrived;

  // `sizes`: how many pictures each sheet holds. `arrived` is called when there is more to draw.
  constructor(base, map, arrived) {
    this.#base = base;
    this.#columns = map.columns;
    this.#sheets = map.sheets.map((url) => ({ url, cells: 0 }));
    for (const cell of map.cell)
      if (cell) this.#sheets[cell[0]].cells = Math.max(this.#sheets[cell[0]].cells, cell[1] + 1);
    this.#arrived = arrived;
  }

  address(point, size = 0) {
    return `${this.#base}/images/${point.id}.png?v=${point.content}${size ? `&size=${size}` : ""}`;
  }

  // Draw it if it is here, else fetch it and say no.
  draw(context, point, left, top, side) {
    const image = this.#find(point.cell ? this.#sheets[point.cell[0]].url : this.address(point, 160));
    if (!image) return false;
    if (!point.cell) {
      const scale = side / Math.max(image.naturalWidth, image.naturalHeight);
      const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
      context.drawImage(image, left + (side - width) / 2, top + (side - height) / 2, width, height);
      return true;
    }
    const [sheet, cell] = point.cell;
    const step = image.naturalWidth / Math.min(this.#sheets[sheet].cells, this.#columns);
    context.imageSmoothingEnabled = step > side;
    context.drawImage(
      image,
      (cell % this.#columns) * step,
      Math.floor(cell / this.#columns) * step,
      step,
      step,
      left,
      top,
      side,
      side,
    );
    return true;
  }

  #find(url) {
    const known = this.#known.get(url);
    if (known) return known.complete && known.naturalWidth ? known : null;
    const image = new Image();
    this.#known.set(url, image);
    this.#waiting.push([image, url]);
    this.#next();
    return null;
  }

  #next() {
    while (this.#loading < MOST_AT_ONCE && this.#waiting.length) {
      const [image, url] = this.#waiting.shift();
      this.#loading += 1;
      image.onload = image.onerror = () => {
        this.#loading -= 1;
        this.#arrived();
        this.#next();
      };
      image.src = url;
    }
  }
}
