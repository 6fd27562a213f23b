import Testing

@testable import TLS

@Suite("Session tickets")
struct TicketTests {
    @Test("a key makes tickets for an hour, is honoured for one more, and is never made twice")
    func rotation() throws {
        let keys = TicketKeys()
        let first = try #require(keys.current(at: 1000))
        #expect(keys.current(at: 1000 + 3599) == first)
        #expect(keys.key(named: first.name, at: 1000 + 3599) == first)
        let second = try #require(keys.current(at: 1000 + 3600))
        #expect(second.name != first.name && second.encryption != first.encryption)
        #expect(keys.key(named: first.name, at: 1000 + 7199) == first)
        #expect(keys.key(named: first.name, at: 1000 + 7200) == nil)
        #expect(keys.key(named: second.name, at: 1000 + 7200) == second)
        #expect(keys.key(named: [UInt8](repeating: 0, count: 16), at: 5000) == nil)
    }

    @Test("a key that nobody asked for does not live on")
    func silence() throws {
        let keys = TicketKeys()
        let first = try #require(keys.current(at: 0))
        #expect(keys.key(named: first.name, at: 100_000) == nil)
        #expect(keys.current(at: 100_000) != first)
    }
}
