// One image on a canvas: whole-number zoom, smooth or exact pixels, and a true contrast stretch of its own values.

export class Picture {
  constructor(canvas, frame) {
    this.canvas = canvas;
    this.frame = frame;
    this.exact = false;
    this.stretch = false;
    this.zoomSteps = 0;
    addEventListener("resize", () => this.image && this.draw());
  }

  show(image) {
    this.image = image;
    this.zoomSteps = 0;
    this.draw();
  }

  draw() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    this.zoom = zoomFor(width, height, this.frame, this.zoomSteps);
    // A photo larger than the frame is drawn at the size of the screen: no more pixels than can be seen.
    const drawn = Math.min(1, this.zoom * devicePixelRatio);
    const [columns, rows] = [Math.max(1, Math.round(width * drawn)), Math.max(1, Math.round(height * drawn))];
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
    const context = (this.context ??= this.canvas.getContext("2d", { willReadFrequently: true }));
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, columns, rows);
    context.drawImage(this.image, 0, 0, columns, rows);
    if (this.stretch) context.putImageData(stretched(context.getImageData(0, 0, columns, rows)), 0, 0);
    this.canvas.style.width = `${width * this.zoom}px`;
    this.canvas.style.height = `${height * this.zoom}px`;
    this.canvas.classList.toggle("exact", this.exact);
  }
}

// The largest whole number that fits, so that every pixel is the same square; larger pictures are made to fit.
function zoomFor(width, height, frame, steps) {
  const fit = Math.min(frame.clientWidth / width, frame.clientHeight / height);
  return fit >= 1 ? Math.max(1, Math.floor(fit) + steps) : fit * 1.25 ** steps;
}

// Spread the middle 98 % of the brightness over the whole range.
export function stretched(data) {
  const histogram = new Uint32Array(256);
  const pixels = data.data;
  for (let i = 0; i < pixels.length; i += 4) histogram[luma(pixels, i)] += 1;
  const [low, high] = percentiles(histogram, pixels.length / 4);
  const scale = 255 / Math.max(high - low, 1);
  for (let i = 0; i < pixels.length; i += 4) {
    for (let c = i; c < i + 3; c += 1) pixels[c] = (pixels[c] - low) * scale;
  }
  return data;
}

function luma(pixels, i) {
  return (pixels[i] * 77 + pixels[i + 1] * 150 + pixels[i + 2] * 29) >> 8;
}

function percentiles(histogram, count) {
  let low = 0, high = 255;
  for (let seen = 0; low < 255 && (seen += histogram[low]) < count * 0.01;) low += 1;
  for (let seen = 0; high > 0 && (seen += histogram[high]) < count * 0.01;) high -= 1;
  return [low, high];
}
