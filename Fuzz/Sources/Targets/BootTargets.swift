@testable internal import SlotCore

/// The boot environment.
let bootTargets = [
  FuzzTarget(
    name: "grub-environment", maximumLength: GrubEnvironment.byteCount + 16,
    body: fuzzGrubEnvironment)
]

/// The first 1,024 bytes are the file. Each byte behind it is a step.
@Sendable private func fuzzGrubEnvironment(_ bytes: [UInt8]) throws {
  let file = Array(bytes.prefix(GrubEnvironment.byteCount))
  let environment = try GrubEnvironment(decoding: file)
  require(environment.variables == GrubReading(file).variables, "GRUB reads the same variables")
  require(
    try GrubEnvironment(decoding: environment.encoded()) == environment,
    "an environment reads as it was written")
  var control = GrubBootControl.read(environment)
  // A write bounds what it is given, so that this is what has to be read again.
  control.reason = control.reason.map(BootControl.bounded)
  guard control.hasBootableSlot else {
    do {
      _ = try GrubBootControl.write(control, into: environment)
      fatalError("a state was written in which nothing boots")
    } catch { throw error }
  }
  var current = try GrubBootControl.write(control, into: environment)
  try checkWritten(control, in: current, as: environment)
  for step in bytes.dropFirst(GrubEnvironment.byteCount) {
    control = next(control, step)
    guard control.hasBootableSlot else { return }
    let new = try GrubBootControl.write(control, into: current)
    try checkWritten(control, in: new, as: current)
    switch GrubWrite(from: try current.encoded(), to: try new.encoded()) {
    case .nothing, .firstSector: break
    case .newFile: fatalError("a step changed more than the first sector")
    }
    current = new
  }
}

private func checkWritten(
  _ control: BootControl, in new: GrubEnvironment, as old: GrubEnvironment
) throws {
  let bytes = try new.encoded()
  require(bytes.count == GrubEnvironment.byteCount, "an environment has its length")
  require(
    GrubBootControl.read(try GrubEnvironment(decoding: bytes)) == control,
    "a state reads as it was written")
  func foreign(_ environment: GrubEnvironment) -> [GrubEnvironment.Variable] {
    environment.variables.filter { !GrubBootControl.names.contains($0.name) }
  }
  require(foreign(new) == foreign(old), "variables of others are kept")
  // GRUB itself, which reads what was written and counts a boot.
  require(new.variables == GrubReading(bytes).variables, "GRUB reads what was written")
}

private func next(_ control: BootControl, _ step: UInt8) -> BootControl {
  let slot: SlotName = step & 1 == 0 ? .a : .b
  let image = step & 2 == 0 ? nil : Digest(of: [step])
  return switch step >> 2 & 15 {
  case 0: control.disarmed(booted: slot)
  case 1: control.switched(to: slot, image: Digest(of: [step]))
  case 2: control.started()
  case 3: control.confirmed(booted: slot, image: image)
  case 4: control.fallenBack(from: slot, image: image, reason: "reason \(step)")
  case 5: control.fallenBack(from: slot, image: image, reason: "\\ \n\u{1F4A9}\u{7F}   ")
  case 6: control.accounted(booted: slot, failed: slot.other, image: image)
  case 7: control.leftOpen(booted: slot, tried: slot.other)
  case 8: control.cancelled(booted: slot, otherIsGood: image != nil)
  default: BootDecision(control, loads: { $0 == slot || image != nil }).after
  }
}
