/// How the product was installed on this machine. Raw values are stable: `status --json` prints them.
public enum Mode: String, CaseIterable, Sendable {
  /// It boots from one of two slots.
  case image
  /// Services stand in versioned directories, and a link says which version runs.
  case tree
  /// It came as a container, which somebody outside replaces.
  case container
  /// It runs from a source checkout.
  case development
}
