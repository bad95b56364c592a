/// One of the two root partitions.
public enum SlotName: String, Sendable, CaseIterable, Hashable {
  case a = "A"
  case b = "B"

  public var other: SlotName { self == .a ? .b : .a }
}
