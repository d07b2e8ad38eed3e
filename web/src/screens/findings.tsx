export function FindingsScreen() {
  return null;
}
