/// Takes an input apart: the file under test in front, and behind it what steers the target.
struct Input {
  private(set) var rest: [UInt8]

  init(_ bytes: [UInt8]) { rest = bytes }

  /// The last byte, which steers; 0 when nothing is left.
  mutating func steer() -> UInt8 { rest.popLast() ?? 0 }

  mutating func steer16() -> Int { Int(steer()) | Int(steer()) << 8 }

  /// What is in front of the first zero byte and what is behind it: for formats that hold none.
  static func text(_ bytes: [UInt8]) -> (text: [UInt8], script: [UInt8]) {
    guard let end = bytes.firstIndex(of: 0) else { return (bytes, []) }
    return (Array(bytes[..<end]), Array(bytes[(end + 1)...]))
  }
}

extension String {
  /// Printable ASCII on one line.
  var isPlain: Bool { utf8.allSatisfy { (0x20...0x7E).contains($0) } }
}
