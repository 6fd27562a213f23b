import Testing

/// The list of cases is a promise: none of it gets lost.
@Suite("The list of cases")
struct CaseCountTests {
    /// Section → number of cases, numbered as in RFC 7540 where RFC 9113 has moved them.
    static let server: [(section: String, promised: Int, cases: Section)] = [
        ("3.5", 2, ConnectionCases.preface), ("4.1", 3, ConnectionCases.format),
        ("4.2", 3, ConnectionCases.size), ("4.3", 3, ConnectionCases.blocks),
        ("5.1", 13, StreamCases.states), ("5.1.1", 2, StreamCases.numbers),
        ("5.1.2", 1, StreamCases.concurrency), ("5.3.1", 2, StreamCases.dependencies),
        ("5.4.1", 2, StreamCases.errors), ("5.5", 2, StreamCases.extensions),
        ("6.1", 3, FrameCases.data), ("6.2", 4, FrameCases.headers),
        ("6.3", 2, FrameCases.priority), ("6.4", 3, FrameCases.reset),
        ("6.5", 3, ConnectionFrameCases.settings), ("6.5.2", 5, ConnectionFrameCases.values),
        ("6.5.3", 2, ConnectionFrameCases.synchronisation), ("6.7", 4, ConnectionFrameCases.ping),
        ("6.8", 1, ConnectionFrameCases.goAway), ("6.9", 3, ConnectionFrameCases.updates),
        ("6.9.1", 3, ConnectionFrameCases.window), ("6.9.2", 3, ConnectionFrameCases.initial),
        ("6.10", 6, FrameCases.continuation), ("7", 2, ConnectionFrameCases.codes),
        ("8.1", 1, MessageCases.exchanges), ("8.1.2", 1, MessageCases.fields),
        ("8.1.2.1", 4, MessageCases.pseudo), ("8.1.2.2", 2, MessageCases.connection),
        ("8.1.2.3", 7, MessageCases.requests), ("8.1.2.6", 2, MessageCases.malformed),
        ("8.2", 1, MessageCases.push), ("HPACK 2.3.3", 2, HeaderCompressionCases.indices),
        ("HPACK 4.2", 1, HeaderCompressionCases.size),
        ("HPACK 5.2", 3, HeaderCompressionCases.strings),
        ("HPACK 6.1", 1, HeaderCompressionCases.indexed),
        ("HPACK 6.3", 1, HeaderCompressionCases.updates), ("generic 1", 1, GenericCases.start),
        ("generic 2", 5, GenericCases.streams), ("generic 3", 19, GenericCases.frames),
        ("generic 4", 4, GenericCases.requests), ("generic 5", 15, HeaderCompressionCases.forms),
    ]

    static let client: [(section: String, promised: Int, cases: ClientSection)] = [
        ("1", 1, ClientStreamCases.start), ("4.1", 3, ClientStreamCases.format),
        ("4.2", 3, ClientStreamCases.size), ("4.3", 1, ClientStreamCases.blocks),
        ("5.1", 10, ClientStreamCases.states), ("5.1.1", 1, ClientStreamCases.numbers),
        ("5.4.1", 2, ClientStreamCases.errors), ("5.5", 1, ClientStreamCases.extensions),
        ("6.1", 3, ClientFrameCases.data), ("6.2", 3, ClientFrameCases.headers),
        ("6.3", 2, ClientFrameCases.priority), ("6.4", 3, ClientFrameCases.reset),
        ("6.5", 3, ClientFrameCases.settings), ("6.5.2", 4, ClientFrameCases.values),
        ("6.5.3", 1, ClientFrameCases.synchronisation), ("6.7", 4, ClientFrameCases.ping),
        ("6.8", 1, ClientFrameCases.goAway), ("6.9", 3, ClientFrameCases.updates),
        ("6.9.1", 2, ClientFrameCases.window), ("6.10", 6, ClientFrameCases.continuation),
    ]

    @Test("every section has the cases that it was promised")
    func counts() {
        for (section, promised, cases) in Self.server {
            #expect(cases.cases.count == promised, "section \(section)")
        }
        for (section, promised, cases) in Self.client {
            #expect(cases.cases.count == promised, "section \(section) of the client")
        }
        #expect(Self.client.reduce(0) { $0 + $1.promised } == 57)
        #expect(Self.server.reduce(0) { $0 + $1.promised } == 95 + 8 + 44)
    }
}
