internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Metrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the state of updates as metrics for Prometheus.",
    discussion: """
      With --output the file is replaced in one step, as node_exporter's textfile collector wants it; its name has to \
      end in .prom for that.

      EXAMPLES:
        krux-update metrics
        krux-update metrics --output /var/lib/prometheus/node-exporter/krux.prom
      """)

  @Option(help: ArgumentHelp("Replace this file instead of printing.", valueName: "file"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    let text = try common.updater().metrics().text
    guard let output else {
      Report.out(text)
      return
    }
    try MetricsFile(path: FilePath(output)).write(text)
  }
}
