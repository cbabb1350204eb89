// One image on a canvas: whole-number zoom, smooth or exact pixels, a true contrast stretch of its own values, gamma.

const STEP = 1.4;
const MOST_STEPS = 6;

export class Picture {
  constructor(canvas, frame) {
    this.canvas = canvas;
    this.frame = frame;
    this.exact = false;
    this.stretch = false;
    // To read the size of the frame at a key press would make the browser lay the page out before it paints.
    addEventListener("resize", () => this.fit());
    this.reset();
    this.fit();
  }

  // Zoom and gamma belong to one image: kept, they would show the next in a false light to who has forgotten them.
  reset() {
    this.zoomSteps = 0;
    this.gammaSteps = 0;
  }

  fit() {
    this.room = { width: this.frame.offsetWidth, height: this.frame.offsetHeight };
    if (this.image) this.draw();
  }

  show(image) {
    this.image = image;
    this.reset();
    this.draw();
  }

  brighten(step) {
    this.gammaSteps = Math.max(-MOST_STEPS, Math.min(MOST_STEPS, this.gammaSteps + step));
    this.draw();
  }

  draw() {
    const { width, height } = this.image;
    this.zoom = zoomFor(width, height, this.room, this.zoomSteps);
    // A photo larger than the frame is drawn at the size of the screen: no more pixels than can be seen.
    const drawn = Math.min(1, this.zoom * devicePixelRatio);
    const [columns, rows] = [Math.max(1, Math.round(width * drawn)), Math.max(1, Math.round(height * drawn))];
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
    const context = (this.context ??= this.canvas.getContext("2d", { willReadFrequently: true }));
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, columns, rows);
    context.drawImage(this.image, 0, 0, columns, rows);
    if (this.stretch || this.gammaSteps) this.change(context, columns, rows);
    setStyle(this.canvas, "width", `${width * this.zoom}px`);
    setStyle(this.canvas, "height", `${height * this.zoom}px`);
    this.canvas.classList.toggle("exact", this.exact);
  }

  change(context, columns, rows) {
    const data = context.getImageData(0, 0, columns, rows);
    const [low, high] = this.stretch ? extent(data.data) : [0, 255];
    context.putImageData(mapped(data, curve(low, high, STEP ** -this.gammaSteps)), 0, 0);
  }
}

function setStyle(element, name, value) {
  if (element.style[name] !== value) element.style[name] = value;
}

// The largest whole number that fits, so that every pixel is the same square; larger pictures are made to fit.
function zoomFor(width, height, room, steps) {
  const fit = Math.min(room.width / width, room.height / height);
  return fit >= 1 ? Math.max(1, Math.floor(fit) + steps) : fit * 1.25 ** steps;
}

// Spread the middle 98 % of the brightness over the whole range.
export function stretched(data) {
  return mapped(data, curve(...extent(data.data), 1));
}

// Where the middle 98 % of the brightness lies.
function extent(pixels) {
  const histogram = new Uint32Array(256);
  for (let i = 0; i < pixels.length; i += 4) histogram[luma(pixels, i)] += 1;
  return percentiles(histogram, pixels.length / 4);
}

// What each brightness becomes: spread over the whole range, then bent.
function curve(low, high, gamma) {
  const scale = 1 / Math.max(high - low, 1);
  return Uint8ClampedArray.from({ length: 256 }, (_, i) => 255 * Math.min(Math.max((i - low) * scale, 0), 1) ** gamma);
}

function mapped(data, becomes) {
  const pixels = data.data;
  for (let i = 0; i < pixels.length; i += 4) {
    for (let c = i; c < i + 3; c += 1) pixels[c] = becomes[pixels[c]];
  }
  return data;
}

function luma(pixels, i) {
  return (pixels[i] * 77 + pixels[i + 1] * 150 + pixels[i + 2] * 29) >> 8;
}

function percentiles(histogram, count) {
  let low = 0,
    high = 255;
  for (let seen = 0; low < 255 && (seen += histogram[low]) < count * 0.01;) low += 1;
  for (let seen = 0; high > 0 && (seen += histogram[high]) < count * 0.01;) high -= 1;
  return [low, high];
}
