internal import SlotCore

/// What GRUB reads in an environment block, as its `grub_envblk_iterate` goes about it and not as this project does:
/// names run up to the next `=`, wherever that is, values up to a line end that is not escaped, and both are C
/// strings.
struct GrubReading {
  private(set) var variables: [GrubEnvironment.Variable] = []

  init(_ block: [UInt8]) {
    let (end, escape, newline) = (block.count, UInt8(ascii: "\\"), UInt8(ascii: "\n"))
    func lineEnd(from start: Int) -> Int {
      var position = start
      while position < end, block[position] != newline {
        position += block[position] == escape ? 2 : 1
      }
      return position
    }
    var position = "# GRUB Environment Block\n".utf8.count
    while position < end {
      if block[position] != UInt8(ascii: "#") {
        guard let equals = block[position...].firstIndex(of: UInt8(ascii: "=")) else { return }
        let stop = lineEnd(from: equals + 1)
        guard stop < end else { return }
        variables.append(
          GrubEnvironment.Variable(
            name: GrubReading.text(block[position..<equals]),
            value: GrubReading.text(GrubReading.unescaped(block[(equals + 1)..<stop])[...])))
        position = stop
      }
      position = lineEnd(from: position) + 1
    }
  }

  private static func unescaped(_ value: ArraySlice<UInt8>) -> [UInt8] {
    var (result, position) = ([UInt8](), value.startIndex)
    while position < value.endIndex {
      if value[position] == UInt8(ascii: "\\") { position += 1 }
      if position < value.endIndex { result.append(value[position]) }
      position += 1
    }
    return result
  }

  /// A C string ends at its first zero byte.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
