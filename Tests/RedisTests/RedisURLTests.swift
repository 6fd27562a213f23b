import Redis
import Testing

@Suite("A Redis URL")
struct RedisURLTests {
    @Test("names host, port, user, password, database and TLS")
    func whole() throws {
        let url = try RedisURL("rediss://assay:p%40ss%3A@[::1]:7000/2")
        #expect(url.host == "::1")
        #expect(url.port == 7000)
        #expect(url.username == "assay")
        #expect(url.password == "p@ss:")
        #expect(url.database == 2)
        #expect(url.isEncrypted)
        #expect(url.description == "rediss://[::1]:7000/2")
    }

    @Test("may leave all but the host out")
    func short() throws {
        let url = try RedisURL("redis://cache.bank.example/")
        #expect(url.host == "cache.bank.example")
        #expect(url.port == 6379)
        #expect(url.username.isEmpty)
        #expect(url.password == nil)
        #expect(!url.isEncrypted)
        #expect(try RedisURL("redis://:secret@h").password == "secret")
    }

    @Test(
        "says what is wrong with a text that is none",
        arguments: [
            "", "127.0.0.1:6379", "http://h", "redis://", "redis://:6379", "redis://h:0",
            "redis://h:65536", "redis://h:+1", "redis://h:x", "redis://::1", "redis://h/x",
            "redis://h/70000", "redis://h/+1", "redis://h?db=1", "redis://a%4@h", "redis://a%zz@h",
            "redis://%ff@h", "redis://h\u{0}", "redis://h o",
        ])
    func wrong(text: String) {
        #expect(throws: RedisURL.Mistake.self) { try RedisURL(text) }
    }
}
