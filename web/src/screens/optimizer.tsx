export function OptimizerScreen() {
  return null;
}
