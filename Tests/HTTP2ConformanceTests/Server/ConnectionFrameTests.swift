import RawHTTP2
import Testing

/// RFC 9113 §6.5 to §6.9 and §7: the frames of the connection, flow control, error codes.
@Suite("Server: RFC 9113 §6, frames of the connection")
struct ConnectionFrameTests {
    @Test("6.5 SETTINGS", arguments: ConnectionFrameCases.settings.cases, ServerUnderTest.allCases)
    func settings(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.5.2 Settings", arguments: ConnectionFrameCases.values.cases, ServerUnderTest.allCases)
    func values(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "6.5.3 Synchronisation", arguments: ConnectionFrameCases.synchronisation.cases,
        ServerUnderTest.allCases)
    func synchronisation(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.7 PING", arguments: ConnectionFrameCases.ping.cases, ServerUnderTest.allCases)
    func ping(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.8 GOAWAY", arguments: ConnectionFrameCases.goAway.cases, ServerUnderTest.allCases)
    func goAway(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "6.9 WINDOW_UPDATE", arguments: ConnectionFrameCases.updates.cases, ServerUnderTest.allCases
    )
    func updates(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "6.9.1 The window", arguments: ConnectionFrameCases.window.cases, ServerUnderTest.allCases)
    func window(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "6.9.2 The initial window", arguments: ConnectionFrameCases.initial.cases,
        ServerUnderTest.allCases)
    func initial(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("7 Error codes", arguments: ConnectionFrameCases.codes.cases, ServerUnderTest.allCases)
    func codes(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum ConnectionFrameCases {
    static let settings = Section { section in
        section.ends(
            "an acknowledgement with a payload is a FRAME_SIZE_ERROR", with: .frameSizeError
        ) { await $0.send(Frame(.settings, .acknowledgement, stream: 0, [0])) }
        section.ends("SETTINGS on a stream are a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(Frame(.settings, stream: 1, [0, 3, 0, 0, 0, 100]))
        }
        section.ends(
            "a length that is no multiple of 6 is a FRAME_SIZE_ERROR", with: .frameSizeError
        ) { await $0.send(Frame(.settings, [0, 3, 0])) }
    }

    static let values = Section { section in
        section.ends("ENABLE_PUSH above 1 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.settings((.enablePush, 2)))
        }
        section.ends(
            "INITIAL_WINDOW_SIZE above 2^31-1 is a FLOW_CONTROL_ERROR", with: .flowControlError
        ) { await $0.send(.settings((.initialWindowSize, 1 << 31))) }
        section.ends("MAX_FRAME_SIZE below 2^14 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.settings((.maximumFrameSize, 16_383)))
        }
        section.ends("MAX_FRAME_SIZE above 2^24-1 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.settings((.maximumFrameSize, 1 << 24)))
        }
        section.survives(
            "an unknown setting is ignored"
        ) {
            await $0.send(.settings((Setting(rawValue: 0xFF), 1)))
        }
    }

    static let synchronisation = Section { section in
        section.survives(
            "of two values of a setting the later one counts"
        ) {
            await $0.send(.settings((.initialWindowSize, 100), (.initialWindowSize, 1)))
            await $0.send($0.call(1))
            let first = try await $0.until { $0.kind == .data }
            #expect(first.payload.count == 1)
            await $0.send(.settings((.initialWindowSize, 65_535)))
        }
        section.survives(
            "SETTINGS are acknowledged at once"
        ) {
            await $0.send(.settings((.enablePush, 0)))
            let frame = try await $0.until { $0.kind == .settings }
            #expect(frame.has(.acknowledgement))
            #expect(frame.payload.isEmpty)
        }
    }

    static let ping = Section { section in
        section.survives(
            "PING comes back with the same payload"
        ) {
            await $0.send(.ping([1, 2, 3, 4, 5, 6, 7, 8]))
            let frame = try await $0.until { $0.kind == .ping }
            #expect(frame.has(.acknowledgement))
            #expect(frame.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        }
        section.survives(
            "an answer to a PING is not answered"
        ) {
            await $0.send(
                .ping([8, 7, 6, 5, 4, 3, 2, 1], isAnswer: true),
                .ping([1, 2, 3, 4, 5, 6, 7, 8]))
            let frame = try await $0.until { $0.kind == .ping }
            #expect(frame.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        }
        section.ends("PING on a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(Frame(.ping, stream: 1, Array(repeating: 0, count: 8)))
        }
        section.ends("a length other than 8 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.send(.ping([0, 0, 0, 0, 0, 0]))
        }
    }

    static let goAway = Section { section in
        section.ends("GOAWAY on a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(Frame(.goAway, stream: 1, Array(repeating: 0, count: 8)))
        }
    }

    static let updates = Section { section in
        section.ends("an increment of 0 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.windowUpdate(0, by: 0))
        }
        // A stream error that the library takes for one of the connection (§5.4.1 allows it).
        section.ends(
            "an increment of 0 on a stream is a PROTOCOL_ERROR", with: .protocolError
        ) { await $0.send($0.headers(1), .windowUpdate(1, by: 0)) }
        section.ends("a length other than 4 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.send(Frame(.windowUpdate, [0, 0, 1]))
        }
    }

    static let window = Section { section in
        section.survives(
            "no more is sent than the window takes"
        ) {
            await $0.send(.settings((.initialWindowSize, 1)))
            await $0.send($0.call(1))
            let first = try await $0.until { $0.kind == .data }
            #expect(first.payload.count == 1)
            try await $0.ping()
            await $0.send(.windowUpdate(1, by: 2))
            let second = try await $0.until { $0.kind == .data }
            #expect(second.payload.count == 2)
            await $0.send(.settings((.initialWindowSize, 65_535)))
        }
        section.ends(
            "a window of the connection above 2^31-1 is a FLOW_CONTROL_ERROR",
            with: .flowControlError
        ) {
            await $0.send(.windowUpdate(0, by: .max >> 1), .windowUpdate(0, by: .max >> 1))
        }
        section.resets(
            "a stream's window above 2^31-1 is a FLOW_CONTROL_ERROR",
            with: .flowControlError
        ) {
            await $0.send(
                $0.headers(1), .windowUpdate(1, by: .max >> 1), .windowUpdate(1, by: .max >> 1))
        }
    }

    static let initial = Section { section in
        section.survives(
            "a change of it changes the windows of open streams"
        ) {
            await $0.send(.settings((.initialWindowSize, 0)))
            await $0.send($0.call(1))
            _ = try await $0.until { $0.kind == .headers && $0.stream == 1 }
            await $0.send(.settings((.initialWindowSize, 1)))
            let frame = try await $0.until { $0.kind == .data }
            #expect(frame.payload.count == 1)
            await $0.send(.settings((.initialWindowSize, 65_535)))
        }
        section.survives(
            "a window can become negative"
        ) {
            await $0.send(.settings((.initialWindowSize, 3)))
            await $0.send($0.call(1))
            let first = try await $0.until { $0.kind == .data }
            #expect(first.payload.count == 3)
            // Now −1, then 1.
            await $0.send(.settings((.initialWindowSize, 2)))
            await $0.send(.windowUpdate(1, by: 2))
            let second = try await $0.until { $0.kind == .data }
            #expect(second.payload.count == 1)
            await $0.send(.settings((.initialWindowSize, 65_535)))
        }
        section.ends(
            "a change beyond 2^31-1 is a FLOW_CONTROL_ERROR", with: .flowControlError
        ) { await $0.send(.settings((.initialWindowSize, .max))) }
    }

    static let codes = Section { section in
        section.check("GOAWAY with an unknown code changes nothing for open calls") {
            await $0.send(
                $0.headers(1), .goAway(last: 0, ErrorCode(rawValue: 0xFF)),
                .data(1, RawClient.message(3), ends: true))
            try await $0.expectEcho(1)
        }
        section.survives(
            "RST_STREAM with an unknown code changes nothing else"
        ) {
            await $0.send($0.headers(1), .reset(1, ErrorCode(rawValue: 0xFF)))
        }
    }
}
