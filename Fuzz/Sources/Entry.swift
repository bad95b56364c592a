internal import Glibc

/// libFuzzer's own `main`, which calls `body` for each input.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// SwiftPM's name for the `main` of this executable. `KRUX_FUZZ_TARGET` names the target, because libFuzzer starts
/// itself anew with the arguments that it knows; without it the targets are listed, with their longest input.
@_cdecl("Fuzz_main")
func main(count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  guard let name = getenv("KRUX_FUZZ_TARGET").map({ String(cString: $0) }) else {
    for target in FuzzTarget.all { print(target.name, target.maximumLength) }
    return 0
  }
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    print("there is no target '\(name)'")
    return 2
  }
  FuzzTarget.chosen = target
  var (count, arguments) = (count, arguments)
  return runDriver(&count, &arguments) { bytes, count in
    FuzzTarget.chosen?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
}
