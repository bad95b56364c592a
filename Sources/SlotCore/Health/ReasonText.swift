/// Words from outside made fit for a reason: one line of printable ASCII, of bounded length.
public enum ReasonText {
  /// Bytes of a whole reason.
  public static let maximumLength = 160

  /// `text` with white space and control characters as single spaces, and `?` for what is not ASCII.
  ///
  /// A text that is too long ends in `...`.
  public static func line(_ text: String, limit: Int = maximumLength) -> String {
    var line: [UInt8] = []
    for scalar in text.unicodeScalars {
      // One more than fits is enough to know that it does not.
      guard line.count <= limit else { break }
      switch scalar.value {
      case 0x21...0x7E: line.append(UInt8(scalar.value))
      case 0...0x20, 0x7F...0xA0:
        if let last = line.last, last != UInt8(ascii: " ") { line.append(UInt8(ascii: " ")) }
      default: line.append(UInt8(ascii: "?"))
      }
    }
    if line.last == UInt8(ascii: " ") { line.removeLast() }
    if line.count > limit {
      line = line.prefix(max(0, limit - 3)) + Array("...".utf8.prefix(limit))
    }
    return String(decoding: line, as: UTF8.self)
  }
}
