// Made by `make messages` from the catalogue.
export const forms = [
  "one",
  "few",
  "many"
];
export const words = {};
