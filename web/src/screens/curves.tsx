export function CurvesScreen() {
  return null;
}
