export function LayersScreen() {
  return null;
}
