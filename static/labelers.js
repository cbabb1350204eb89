// The labelers page: a grid to look through, and a fresh page when the round lands.

import "./doubt.js";
import "./reload.js";
