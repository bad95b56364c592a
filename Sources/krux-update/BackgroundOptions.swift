internal import ArgumentParser
internal import Logging
internal import SlotKit

/// Whether long work keeps out of the way of what else runs on the device.
struct BackgroundOptions: ParsableArguments {
  @Flag(help: "Keep out of the way of other programs, as [background] of update.toml says.")
  var background = false

  /// Before any thread is started that has much to do.
  func begin(_ configuration: Configuration, _ cancellation: Cancellation, _ logger: Logger) {
    if background { Background.begin(configuration.background, cancellation, logger) }
  }
}
