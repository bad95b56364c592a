public import SlotCore
internal import SystemPackage

/// Who this device is: what a bundle is compared with.
public struct DeviceIdentity: Equatable, Sendable {
  public var product: String?
  /// The version of the running image.
  public var version: String?
  public var sequence: Int64?
  /// The floor that the running image brings.
  public var floor: Int64?
  /// When the running image was made.
  public var created: Timestamp?
  /// The channel that the running image follows.
  public var channel: String?
  public var hardware: [String]

  /// From the image's os-release (`IMAGE_ID`, `IMAGE_VERSION`, and `KRUX_SEQUENCE`, `KRUX_FLOOR`, which
  /// survive a lost ledger; `KRUX_CREATED`, `KRUX_CHANNEL`), the device tree or DMI, and the configuration, which wins.
  public init(layout: Layout, configuration: Configuration) {
    let fields =
      layout.osRelease.lazy.compactMap { Files.text($0) }.first
      .map(DeviceIdentity.osRelease) ?? [:]
    product = configuration.product ?? fields["IMAGE_ID"]
    version = fields["IMAGE_VERSION"]
    sequence = fields["KRUX_SEQUENCE"].flatMap { Int64($0) }
    floor = fields["KRUX_FLOOR"].flatMap { Int64($0) }
    created = fields["KRUX_CREATED"].flatMap { Timestamp($0) }
    channel = fields["KRUX_CHANNEL"].flatMap { Name.isValid($0) ? $0 : nil }
    hardware =
      !configuration.hardware.isEmpty
      ? configuration.hardware : layout.folder == nil ? DeviceIdentity.firmwareNames : []
  }

  /// os-release(5): `NAME=value`, with shell quotes around values.
  static func osRelease(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
      var value = line[line.index(after: equals)...]
      if let quote = value.first, quote == "\"" || quote == "'", value.count >= 2,
        value.last == quote
      {
        value = value.dropFirst().dropLast()
      }
      fields[String(line[..<equals])] = String(value)
    }
    return fields
  }

  /// The device tree's `compatible` list, or the product name of DMI with `-` for what a name may not have.
  private static var firmwareNames: [String] {
    if let bytes = try? Files.read("/proc/device-tree/compatible", limit: 4096) {
      return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        .filter(Name.isValid)
    }
    guard let product = Files.text("/sys/class/dmi/id/product_name") else { return [] }
    let name = String(product.map { Name.isValid(String($0)) ? $0 : "-" })
    return Name.isValid(name) ? [name] : []
  }
}
