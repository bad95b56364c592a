/// When a device whose release no delta fits looks for an image's blocks in its booted slot, which it has to read for that.
public struct SearchPolicy: Equatable, Sendable {
  /// What a search saves has to be a part of the image that is not smaller than one in so many.
  private static let worthwhile: UInt64 = 64
  /// Of a booted slot of which nothing is known, so many times the image are searched: what is behind that is not of
  /// its file system.
  private static let reach: UInt64 = 4

  /// Bytes.
  public let imageLength: UInt64
  /// Bytes of the table of the image's blocks, which has to be fetched first.
  public let tableLength: UInt64

  public init(imageLength: UInt64, tableLength: UInt64) {
    self.imageLength = imageLength
    self.tableLength = tableLength
  }

  /// Whether a search can pay for a device that has to fetch `wanted` bytes of frames otherwise.
  public func isWorthwhile(wanted: UInt64) -> Bool {
    wanted > max(tableLength, imageLength / SearchPolicy.worthwhile)
  }

  /// How many bytes of a booted slot of `capacity` bytes are searched, if the ledger knows the length of its image or not.
  public func reach(installed: UInt64?, capacity: UInt64) -> UInt64 {
    let (reach, overflows) = imageLength.multipliedReportingOverflow(by: SearchPolicy.reach)
    return min(installed ?? (overflows ? .max : reach), capacity)
  }

  /// Whether samples of the booted slot promise something: of `wanted` blocks that are not zero `found` are in the image.
  public func isPromising(found: Int, of wanted: Int) -> Bool {
    SlotLikeness.isEnough(alike: found, of: wanted)
  }
}
