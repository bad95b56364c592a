import SystemPackage
import Testing

@testable import SlotKit

@Suite struct MountsTests {
  private static let mountinfo = #"""
    22 1 0:20 / / rw,relatime - ext4 /dev/root rw
    36 35 98:0 /data /data rw,noatime master:1 - ext4 /dev/vda4 rw,errors=continue
    37 35 98:1 / /srv/with\040blank\134s rw - ext4 /dev/vda5 rw
    38 22 0:5 / /boot/efi rw - vfat /dev/vda1 rw
    short line
    """#

  @Test(arguments: [
    ("/", true), ("/data", true), ("/data/", true), ("/boot/../data", true), ("/boot/efi", true),
    (#"/srv/with blank\s"#, true), ("/dat", false), ("/data/krux", false), ("/boot", false),
    ("/dev/vda4", false), (#"/srv/with\040blank\134s"#, false), ("", false), ("98:0", false),
  ])
  func theFifthFieldIsTheMountPoint(path: String, expected: Bool) {
    #expect(Mounts.isMountPoint(FilePath(path), in: MountsTests.mountinfo) == expected)
  }

  private static let fstab = #"""
    # device      mount point  type  options
    #PARTLABEL=x  /data/krux   ext4  defaults
    PARTLABEL=root  /  squashfs  ro
    PARTLABEL=data	/data	ext4	rw,noatime  0 2
    PARTLABEL=in    /data/inner/ ext4
    PARTLABEL=esp   /boot/efi vfat  rw,sync,umask=077,nofail
    UUID=1  none  swap  sw
    UUID=2  /swapped  swap  sw
    UUID=3  /by-hand  ext4  noatime,noauto
    UUID=4  /with\040blank  ext4  defaults
    UUID=5  /short
    """#

  @Test(arguments: [
    ("/data/krux", "/data"), ("/data", "/data"), ("/data/inner/x/y", "/data/inner"),
    ("/boot/efi/EFI", "/boot/efi"), ("/with blank/x", "/with blank"),
    ("/data/../boot/efi", "/boot/efi"), ("/database", nil), ("/boot", nil), ("/", nil),
    ("/swapped/x", nil), ("/by-hand/x", nil), ("/short/x", nil), ("/var/lib", nil),
  ])
  func theLongestMountPointHoldsAPath(path: String, expected: String?) {
    #expect(
      Mounts.fstabMountPoint(holding: FilePath(path), in: MountsTests.fstab)?.string == expected)
  }

  @Test(arguments: [
    (#"a\040b"#, "a b"), (#"\011\012\134\043"#, "\t\n\\#"), (#"\"#, #"\"#), (#"\04"#, #"\04"#),
    (#"\048"#, #"\048"#), (#"\+12"#, #"\+12"#), (#"\777"#, #"\777"#), (#"\303\251"#, "é"),
    ("", ""),
  ])
  func octalEscapesAreRead(field: String, expected: String) {
    #expect(Mounts.unescaped(field[...]) == expected)
  }

  @Test func requiredMountsThatAreMissingAreFound() {
    let fstab = """
      # data
      PARTLABEL=data /data ext4 noatime 0 0
      tmpfs /var tmpfs mode=0755 0 0
      PARTLABEL=esp /boot/efi vfat sync,nofail 0 0
      PARTLABEL=x /nofail ext4 defaults 0 0
      PARTLABEL=y /by-hand ext4 noauto 0 0
      """
    let mountinfo = "30 1 0:5 / /var rw - tmpfs tmpfs rw\n"
    #expect(
      Mounts.missingMountPoints(in: fstab, mountinfo: mountinfo).map(\.string)
        == ["/data", "/nofail"])
  }

  @Test func theKernelIsAsked() throws {
    #expect(Mounts.isMountPoint("/proc"))
    try withScratch { #expect(!Mounts.isMountPoint($0.path(""))) }
  }

  @Test func theFileIsRead() throws {
    try withScratch { scratch in
      try scratch.write("fstab", MountsTests.fstab)
      #expect(
        Mounts.fstabMountPoint(holding: "/data/krux", fstab: scratch.path("fstab")) == "/data")
      #expect(Mounts.fstabMountPoint(holding: "/data/krux", fstab: scratch.path("none")) == nil)
    }
  }
}
