internal import CSodium

/// Hexadecimal text, lower case.
public enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for an odd count of digits or any other character.
  public static func decode(_ text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count / 2)
    for index in stride(from: 0, to: characters.count, by: 2) {
      guard let high = value(characters[index]), let low = value(characters[index + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Base64 of RFC 4648 section 4, with padding, as minisign writes it.
public enum Base64 {
  public static func encode(_ bytes: [UInt8]) -> String {
    let variant = sodium_base64_VARIANT_ORIGINAL
    let capacity = sodium_base64_encoded_len(bytes.count, variant)
    var text = [CChar](repeating: 0, count: capacity)
    sodium_bin2base64(&text, capacity, bytes, bytes.count, variant)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Nil unless the whole text is one valid encoding.
  public static func decode(_ text: String) -> [UInt8]? {
    let characters = text.utf8.map { CChar(bitPattern: $0) }
    // libsodium takes some bytes above 127 for `/`.
    guard !characters.isEmpty, characters.allSatisfy({ $0 >= 0 }) else { return nil }
    var bytes = [UInt8](repeating: 0, count: characters.count)
    var count = 0
    let status = characters.withUnsafeBufferPointer { input in
      var end: UnsafePointer<CChar>?
      let result = sodium_base642bin(
        &bytes, bytes.count, input.baseAddress, input.count, nil, &count, &end,
        sodium_base64_VARIANT_ORIGINAL)
      return result == 0 && end == input.baseAddress.map { $0 + input.count }
    }
    return status ? Array(bytes.prefix(count)) : nil
  }
}

/// Little-endian integers, as the bundle stores them.
public enum LittleEndian {
  public static func encode<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// Reads `Value` at `offset`. The caller has checked that the bytes are there.
  public static func decode<Value: FixedWidthInteger>(
    _ bytes: [UInt8], at offset: Int
  ) -> Value {
    bytes.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
  }
}

extension String {
  /// The text with control characters and line breaks replaced, so that words from outside cannot
  /// move the cursor of the terminal that they are printed on.
  public var printable: String {
    var scalars = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
        scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// As the beginning of a sentence.
  public var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
