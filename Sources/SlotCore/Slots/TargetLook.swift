/// Whether it pays to look whether the target has a frame already, before the frame is put together from elsewhere.
///
/// A look takes one digest; a frame that is there saves a read, a digest and a comparison, one that is not has cost the
/// look. So it pays where at least half are there. What is not looked at is compared in the end all the same.
public struct TargetLook: Sendable {
  /// Of the last eight looks, the last one lowest: whether the frame was there.
  private var recent: UInt8 = .max
  private var passed = 0

  /// While it does not pay, one frame in so many is looked at: the target may become like the image further on.
  private static let interval = 8

  public init() {}

  /// Asked once for each frame.
  public mutating func isWorthwhile() -> Bool {
    if recent.nonzeroBitCount * 2 >= UInt8.bitWidth { return true }
    passed += 1
    return passed.isMultiple(of: TargetLook.interval)
  }

  /// What a look has found.
  public mutating func note(isThere: Bool) { recent = recent << 1 | (isThere ? 1 : 0) }
}
