import Testing

@testable import Wire

@Suite struct NameKeyTests {
    @Test(
        arguments: [("tx.amount", UInt32(0x23ED_A0DC)), ("", 0xE3B0_C442)])
    func `a key is the beginning of the name's SHA-256`(name: String, key: UInt32) {
        #expect(NameKey.of(name) == key)
    }
}
