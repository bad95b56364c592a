import Testing

/// What systemd makes of a unit, and no other test here would see.
struct UnitTests {
  /// Of a path that `ProtectSystem=` keeps read-only `ReadWritePaths=` gives nothing back (seen
  /// with systemd 252), and with `/boot` goes the boot environment.
  @Test func onlyTheUnitThatOnlyReadsHasBootReadOnly() throws {
    let units = try Repository.files(in: "packaging/systemd", suffixes: [".service"])
    let readers = try units.filter { unit in
      try !unit.value.matches(#"(?m)^ProtectSystem=(?!no$)"#).isEmpty
    }
    #expect(units.count > 3)
    #expect(Array(readers.keys) == ["packaging/systemd/krux-trial.service"])
  }
}
