/// Names of products, versions, hardware and artefacts: 1 to 64 of `A-Z a-z 0-9 . _ + ~ : , -`, so that
/// they can stand in file names, shell commands and lines of text without quoting.
public enum Name {
  public static func isValid(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._+~:,-".utf8.contains(byte)
        }
      }
  }
}
