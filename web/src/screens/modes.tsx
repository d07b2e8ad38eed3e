export function ModesScreen() {
  return null;
}
