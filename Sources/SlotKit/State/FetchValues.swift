/// Values that only the `[fetch]` section has.
extension TomlReader {
  /// The address of a proxy, or nothing.
  func proxy(_ value: TomlValue) throws(ConfigurationFailure) -> String {
    let text = try string(value)
    let schemes = ["http://", "https://", "socks5://", "socks5h://"]
    guard text.isEmpty || schemes.contains(where: text.hasPrefix) else {
      throw failure(
        .wrongValue, value,
        "has to begin with http://, https://, socks5:// or socks5h://, or be empty")
    }
    return text
  }

  /// Bytes in a second: a number, or a string of one with `K`, `M` or `G`.
  func rate(_ value: TomlValue) throws(ConfigurationFailure) -> Int {
    if case .integer = value.content { return try integer(value, in: 0...RateLimit.maximum) }
    guard let rate = RateLimit.bytesPerSecond(try string(value)) else {
      throw failure(
        .wrongValue, value, "has to be a number of bytes, as 500000, \"500K\" or \"2M\"")
    }
    return rate
  }
}

extension Configuration {
  /// What `--limit-rate` and the key of that name take: `500000`, `500K`, `2M`, `1G`; nil for anything else.
  public static func bytesPerSecond(_ text: String) -> Int? { RateLimit.bytesPerSecond(text) }
}
