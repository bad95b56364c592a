/// Cuts a stream of bytes into lines. A line that is too long is passed over up to its end.
public struct LineSplitter: Sendable {
  private let maximumLength: Int
  private var rest: [UInt8] = []
  private var isTooLong = false

  /// - Parameter maximumLength: bytes of a line with its end.
  public init(maximumLength: Int) { self.maximumLength = maximumLength }

  /// The lines that end in `bytes`, without their ends and without empty ones. What follows the last end is kept
  /// for the next call.
  public mutating func take(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if !rest.isEmpty, !isTooLong { lines.append(rest) }
        rest.removeAll(keepingCapacity: true)
        isTooLong = false
      } else if rest.count + 1 < maximumLength {
        rest.append(byte)
      } else {
        isTooLong = true
      }
    }
    return lines
  }
}
