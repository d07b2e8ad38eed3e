export function BackwardScreen() {
  return null;
}
