internal import SystemPackage

@testable internal import SlotCore
@testable internal import SlotKit

/// What this project keeps, and how it is set up.
let stateTargets = [
  FuzzTarget(name: "json", maximumLength: 4096, body: fuzzJSON),
  FuzzTarget(name: "ledger", maximumLength: 16384, body: fuzzLedger),
  FuzzTarget(name: "configuration", maximumLength: 8192, body: fuzzConfiguration),
]

@Sendable private func fuzzJSON(_ bytes: [UInt8]) throws {
  let limits = JSONLimits(byteCount: 4096, depth: 8, valueCount: 512)
  let value = try JSONParser.parse(bytes, limits: limits)
  // What is written may be longer: an escape takes six bytes, an indented line as many as it is deep.
  let wide = JSONLimits(byteCount: 1 << 17, depth: 8, valueCount: 512)
  for text in [value.compact, value.pretty] {
    require(
      try JSONParser.parse(Array(text.utf8), limits: wide) == value, "JSON reads as it was written")
  }
  require(value.merging([:]) == (value.members == nil ? .object([JSONMember]()) : value), "merging")
}

/// A ledger in front of the first zero byte; behind it, each byte is something that happens.
@Sendable private func fuzzLedger(_ bytes: [UInt8]) throws {
  let (text, script) = Input.text(bytes)
  var ledger = try Ledger(decoding: text)
  try checkWritten(ledger)
  var context = LedgerContext(now: Timestamp(seconds: 1_700_000_000), bootID: "boot-0")
  for (index, step) in script.prefix(64).enumerated() {
    let floor = ledger.floor
    happen(step, &ledger, context)
    require(ledger.floor >= floor, "a floor never sinks")
    require(ledger.history.entries.count <= History.maximumCount, "history is bounded")
    require(ledger.knownBad.count <= Ledger.maximumKnownBad, "so is what is known as bad")
    context = LedgerContext(
      now: Timestamp(seconds: Int64(index) * 1_000_000_007), bootID: "boot-\(index % 3)")
  }
  try checkWritten(ledger)
}

private func checkWritten(_ ledger: Ledger) throws {
  let written = ledger.encoded()
  var again: Ledger
  do { again = try Ledger(decoding: written) } catch {
    fatalError("a ledger that was written cannot be read: \(error.message)")
  }
  require(again.generation == ledger.generation + 1, "the generation rises")
  require(again.history.firstBrokenNumber == ledger.history.firstBrokenNumber, "the chain is kept")
  again.generation = ledger.generation
  for slot in SlotName.allCases {
    again.slots[slot]?.unknown = ledger.slots[slot]?.unknown ?? .null
  }
  again.document = ledger.document
  require(again == ledger, "a ledger reads as it was written")
}

private func happen(_ step: UInt8, _ ledger: inout Ledger, _ context: LedgerContext) {
  let slot: SlotName = step & 1 == 0 ? .a : .b
  let image = ImageIdentity(
    version: "2.\(step >> 6)", sequence: Int64(step) + 1, imageDigest: Digest(of: [step >> 6]),
    imageLength: 1 << 20, frameSize: 64 << 10, floor: step & 2 == 0 ? nil : Int64(step))
  let reason = ledger[slot]?.failure ?? "it did not come up"
  switch step >> 1 & 15 {
  case 0: ledger.provision(slot, image, context)
  case 1: ledger.beginInstall(slot, image, context)
  case 2: ledger.stage(slot, image, context)
  case 3: ledger.cancel(slot, context)
  case 4: ledger.confirm(slot, by: reason, context)
  case 5: ledger.fail(slot, reason: reason, evidence: [reason, "e"], context)
  case 6: ledger.leaveOpen(slot, TrialEnd(.scriptDefaults, of: slot), context)
  case 7: ledger.failOver(from: slot, reason: reason, context)
  case 8: ledger.reportUnhealthy(slot, reason: reason, context)
  case 9: ledger.rollBack(from: slot, context)
  case 10: ledger.repaired(slot, detail: reason, context)
  default: ledger.beginInstall(slot, ledger[slot.other]?.image ?? image, context)
  }
}

@Sendable private func fuzzConfiguration(_ bytes: [UInt8]) throws {
  let path = Scratch.file("update.toml", bytes)
  let (lenient, warnings) = Configuration.lenient(path)
  for warning in warnings { require(warning == warning.printable, "a warning is printable") }
  let policy = lenient.health.policy
  require(policy.interval > 0 && policy.deadline > 0, "a watch has its times")
  require(BootControl.triesRange.contains(lenient.tries), "tries are a digit")
  _ = Layout.folder("/box").applying(lenient)
  do {
    let strict = try Configuration(toml: bytes, path: path)
    require(strict == lenient && warnings.isEmpty, "both readings are one where nothing is wrong")
  } catch {
    require(!warnings.isEmpty, "what is refused is warned about")
    throw error
  }
}
