/// Percent-encoding of RFC 3986.
public enum PercentEncoding {
  /// For one part of an address, and for names of files: everything but unreserved characters is encoded.
  public static func component(_ text: String) -> String {
    encode(text) { isUnreserved($0) }
  }

  /// For a path that is relative to an address. `%` and two digits are what they are: a target's path is an address
  /// already. What would end the path or may not stand in one is encoded.
  public static func path(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result = ""
    for index in bytes.indices {
      let isEncoded = bytes[index] == UInt8(ascii: "%") && isEscape(bytes[index...].prefix(3))
      append(bytes[index], to: &result, plain: isEncoded || isOfPath(bytes[index]))
    }
    return result
  }

  private static func encode(_ text: String, _ isPlain: (UInt8) -> Bool) -> String {
    var result = ""
    for byte in text.utf8 { append(byte, to: &result, plain: isPlain(byte)) }
    return result
  }

  private static func append(_ byte: UInt8, to text: inout String, plain: Bool) {
    if plain {
      text.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      text += "%" + Hex.encode([byte]).uppercased()
    }
  }

  private static func isEscape(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count == 3 && Hex.decode(String(decoding: bytes.dropFirst(), as: UTF8.self)) != nil
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~".utf8.contains(byte)
    }
  }

  private static func isOfPath(_ byte: UInt8) -> Bool {
    isUnreserved(byte) || "/:@!$&'()*+,;=".utf8.contains(byte)
  }
}
