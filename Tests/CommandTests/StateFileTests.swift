import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Ledger, configuration and boot environment that are missing, empty, cut off or garbage.
@Suite struct StateFileTests {
  static let damages = ["missing", "empty", "truncated", "garbage"]

  private func damage(_ name: String, _ how: String, in device: DeviceFolder) throws {
    let bytes = try device.read(name)
    switch how {
    case "missing": try FileManager.default.removeItem(at: device.url(name))
    case "empty": try device.write(name, [])
    case "truncated": try device.write(name, Array(bytes.prefix(bytes.count / 2)))
    default: try device.write(name, [UInt8](repeating: 0xA7, count: bytes.count))
    }
  }

  // MARK: - Boot environment

  @Test(arguments: damages)
  func withoutABootEnvironmentNothingIsInstalled(how: String) throws {
    let device = try DeviceFolder()
    try damage("grubenv", how, in: device)
    let path = try device.bundle(Releases.newer.encoded)
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 81)
    #expect(
      refused.errors.contains(
        how == "missing" ? "there is no boot environment at" : "the boot environment is damaged"))
    #expect(refused.errors.contains("'krux-update confirm' writes a new one"))
    #expect(try device.snapshot() == before)

    let status = try device.update("status")
    #expect(status.status == 0)
    #expect(
      status.output.contains("Boot status:  UNKNOWN (the boot environment cannot be read)\n"))
    #expect(status.errors.contains("warning: "))
  }

  @Test(arguments: damages)
  func confirmWritesANewBootEnvironment(how: String) throws {
    let device = try DeviceFolder()
    try damage("grubenv", how, in: device)
    let confirmed = try device.update("confirm")
    #expect(confirmed.status == 0)
    #expect(
      confirmed.output == "A new boot environment was written for the running slot.\n")
    #expect(try succeed("grub-editenv", "\(device.path)/grubenv", "list").contains("A_OK=1\n"))
    // The slot that holds nothing known is not made bootable.
    #expect(try !device.control().b.bootable)
    try device.update("reboot")
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
  }

  @Test func variablesOfOthersAreKept() throws {
    let device = try DeviceFolder()
    let environment = device.url("grubenv").path
    try succeed("grub-editenv", environment, "set", "saved_entry=kruxos", "menu_timeout=5")
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    let list = try succeed("grub-editenv", environment, "list")
    #expect(list.hasPrefix("ORDER=B A\n"))
    #expect(list.contains("saved_entry=kruxos\nmenu_timeout=5\n"))
  }

  /// The environment as a device has it that ran RAUC: made by grub-editenv, in another order.
  @Test func whatGrubEditenvWroteIsRead() throws {
    let device = try DeviceFolder()
    let environment = device.url("grubenv").path
    try FileManager.default.removeItem(atPath: environment)
    try succeed("grub-editenv", environment, "create")
    try succeed(
      "grub-editenv", environment, "set", "A_TRY=1", "A_OK=1", "B_TRY=0", "B_OK=1", "ORDER=A B",
      "TRIES=5")
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    let list = try succeed("grub-editenv", environment, "list")
    #expect(list.contains("TRIES=5\n") && list.contains("TRIAL=B\n"))
    #expect(device.nextBoot() == .boot(.b))
  }

  /// Nothing would fall back, so nothing is risked.
  @Test func aBootloaderThatDoesNotSaveItsTriesIsNoticed() throws {
    let device = try DeviceFolder()
    try succeed("grub-editenv", device.url("grubenv").path, "set", "A_TRY=0")
    let path = try device.bundle(Releases.newer.encoded)
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 80)
    #expect(refused.errors.contains("the bootloader did not save the try of this boot"))
    #expect(try device.snapshot() == before)
  }

  // MARK: - Ledger

  @Test(arguments: damages)
  func losingTheLedgerCostsNoBootAndNoUpdate(how: String) throws {
    let device = try DeviceFolder()
    try damage("ledger.json", how, in: device)
    let status = try device.update("status")
    #expect(status.status == 0)
    #expect(status.errors.contains("history starts"))
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    #expect(try device.slotHolds(Releases.newer.image))
    #expect(device.nextBoot() == .boot(.b))
    #expect(try device.update("status").errors == "")
  }

  @Test(arguments: damages)
  func theLedgerBeforeIsUsedAndThatIsSaid(how: String) throws {
    let device = try DeviceFolder()
    try device.update("apply", try device.bundle(Releases.newer.encoded))
    try damage("ledger.json", how, in: device)
    let status = try device.update("status")
    #expect(status.errors.contains("; the one before it is used"))
    #expect(status.output.contains("Version:      1.0.0\n"))
    // What boots does not depend on it.
    #expect(device.nextBoot() == .boot(.b))
    try device.update("reboot")
    #expect(try device.update("confirm").status == 0)
    #expect(try device.control().trial == nil)
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func aChangedHistoryIsSaid() throws {
    let device = try DeviceFolder()
    let text = String(decoding: try device.read("ledger.json"), as: UTF8.self)
    let changed = text.replacingOccurrences(of: "provisioned", with: "confirmed")
    try device.write("ledger.json", Array(changed.utf8))
    let status = try device.update("status")
    #expect(status.errors.contains("the history was changed or damaged at entry 1"))
  }

  // MARK: - Configuration

  struct Mistake: Sendable, CustomTestStringConvertible {
    let text: String
    let sentence: String
    var testDescription: String { text }
  }

  static let mistakes = [
    Mistake(text: "\nprodct = \"a\"", sentence: "update.toml:2: 'prodct' is not a key"),
    Mistake(text: "product = 5", sentence: "update.toml:1: 'product' has to be a string"),
    Mistake(
      text: "hardware = \"a\"", sentence: "update.toml:1: 'hardware' has to be a list of strings"),
    Mistake(
      text: "[fetch]\nretries = \"2\"",
      sentence: "update.toml:2: 'fetch.retries' has to be an integer"),
    Mistake(
      text: "[fetch]\nretries = -1", sentence: "update.toml:2: 'fetch.retries' has to be from 0 to"),
    Mistake(
      text: "[fetch]\nretry = 1", sentence: "update.toml:2: 'fetch.retry' is not a key"),
    Mistake(
      text: "keys-directory = \"keys\"",
      sentence: "update.toml:1: 'keys-directory' has to be an absolute path"),
    Mistake(text: "product = \"kru", sentence: "update.toml:1: "),
    Mistake(text: "product = \"a\"\nproduct = \"b\"", sentence: "update.toml:2: "),
    Mistake(text: "\u{1}\u{2}garbage", sentence: "update.toml:1: "),
  ]

  @Test(arguments: mistakes)
  func aMistakeIsNamedByFileLineAndKey(_ mistake: Mistake) throws {
    let device = try DeviceFolder()
    try device.configure(mistake.text)
    let path = try device.bundle(Releases.newer.encoded)
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 78)
    #expect(refused.errors.contains(device.path + "/" + mistake.sentence))
    #expect(try device.snapshot() == before)
  }

  @Test(arguments: [false, true])
  func withoutAConfigurationTheDeviceDoesNotKnowItself(isEmpty: Bool) throws {
    let device = try DeviceFolder()
    try damage("update.toml", isEmpty ? "empty" : "missing", in: device)
    let refused = try device.update("apply", try device.bundle(Releases.newer.encoded))
    #expect(refused.status == 80)
    #expect(refused.errors.contains("this system does not say which product it is"))
    #expect(refused.errors.contains("set IMAGE_ID in os-release or 'product' in update.toml"))
    #expect(try device.targetIsUntouched())
  }
}
