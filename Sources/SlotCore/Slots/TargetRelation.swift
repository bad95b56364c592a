/// What is known, while an image is written to the target slot, of what the slot held before.
public struct TargetRelation: Equatable, Sendable {
  /// After so many comparisons in vain the target is taken for unrelated: reading it would take as long as writing it.
  private static let patience = 32
  /// One place in so many is read all the same, of so many bytes each.
  private static let sampling: UInt64 = 16
  private static let placeBytes: UInt64 = 1 << 20

  /// The target holds something like the image.
  public private(set) var isFound = false
  private var missed = 0

  public init() {}

  /// A part of the target that is what the image has there.
  public mutating func find() { isFound = true }

  /// What a comparison showed: so many blocks that are not zero, of `blocks`, were those of the image. Zeros say nothing
  /// of where they come from.
  public mutating func learn(alike: Int, of blocks: Int) {
    if SlotLikeness.isEnough(alike: alike, of: blocks) { find() } else { missed += 1 }
  }

  /// Whether the target is worth reading at `offset` bytes, before it is written there.
  public func isWorthReading(at offset: UInt64) -> Bool {
    isFound || missed < TargetRelation.patience
      || (offset / TargetRelation.placeBytes).isMultiple(of: TargetRelation.sampling)
  }
}
