import NIOPosix
import RPC
import Testing

@testable import RPCTransport

@Suite("The end of a server, and of its connections, over real sockets", .serialized)
struct ServerDrainTests {
    @Test("during the endpoint delay everything is served, new connections too")
    func endpointDelay() async throws {
        try await LifeServer.run { client, server in
            let ended = Gate()
            let shutdown = Task {
                await server.server.shutdown(
                    DrainTimes(endpointDelay: .milliseconds(400), grace: .seconds(2)))
                ended.open()
            }
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .milliseconds(200) {
                let fresh = try RPCClient(server.target)
                let reply: EchoMessage = try await fresh.unary(
                    LifeService.once, EchoMessage(payload: [1]))
                #expect(reply.payload == [1])
                let other: EchoMessage = try await client.unary(
                    LifeService.once, EchoMessage(payload: [2]))
                #expect(other.payload == [2])
                await fresh.close()
            }
            #expect(!ended.isOpen)
            await shutdown.value
            #expect(ContinuousClock.now - start >= .milliseconds(400))
            let error = await outcome {
                let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a stream is cut off before the grace is over; a call that ends in it is not")
    func streamsFirst() async throws {
        let started = Count()
        let finish = Gate()
        let service = LifeService(
            handler: { request, _ in
                started.add()
                await finish.wait()
                return request
            },
            write: { replies in
                started.add()
                while true {
                    try await replies.write(EchoMessage(payload: [1]))
                    try await Task.sleep(for: .milliseconds(5))
                }
            })
        try await LifeServer.run(service) { client, server in
            let call = Task { () -> EchoMessage in
                try await client.unary(LifeService.once, EchoMessage(payload: [8]))
            }
            let stream = Task { () -> RPCError? in
                await outcome {
                    try await client.serverStreaming(LifeService.endless, EchoMessage()) {
                        (replies: ReplyStream<EchoMessage>) in
                        for try await _ in replies {}
                    }
                }
            }
            #expect(await eventually { started.value == 2 })
            let shutdown = Task { await server.server.shutdown(grace: .milliseconds(1_500)) }
            let error = await stream.value
            #expect(error?.code == .unavailable, "\(error.map { "\($0)" } ?? "")")
            finish.open()
            let reply = try await call.value
            #expect(reply.payload == [8])
            await shutdown.value
        }
    }

    @Test("a second request cuts off what runs, at once")
    func hurry() async throws {
        let started = Gate()
        let service = LifeService(handler: { request, _ in
            started.open()
            try await Task.sleep(for: .seconds(60))
            return request
        })
        try await LifeServer.run(service) { client, server in
            let call = Task {
                await outcome {
                    let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
                }
            }
            await started.wait()
            let start = ContinuousClock.now
            let shutdown = Task {
                await server.server.shutdown(
                    DrainTimes(endpointDelay: .seconds(60), grace: .seconds(60)))
            }
            #expect(await eventually { server.server.isDraining })
            server.server.hurry()
            let error = await call.value
            #expect(error?.code == .unavailable)
            await shutdown.value
            #expect(ContinuousClock.now - start < .seconds(6))
        }
    }

    @Test("K3: a connection ends at its age, with calls on it and no error; and when it is unused")
    func age() async throws {
        var profile = RPCProfile.mesh
        profile.life?.maximumAge = .milliseconds(100)
        try await LifeServer.run(profile: profile) { client, server in
            let start = ContinuousClock.now
            var calls = 0
            while ContinuousClock.now - start < .milliseconds(600) {
                let reply: EchoMessage = try await client.unary(
                    LifeService.once, EchoMessage(payload: [7]))
                #expect(reply.payload == [7])
                calls += 1
            }
            #expect(calls > 20)
        }
        var unused = RPCProfile.mesh
        unused.life?.maximumIdle = .milliseconds(80)
        try await LifeServer.run(profile: unused) { client, server in
            let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
            #expect(server.server.connectionCount == 1)
            #expect(await eventually { server.server.connectionCount == 0 })
            let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
        }
    }

    @Test("K3: what outlasts the grace of an aged connection is cut off; the connection closes")
    func ageGrace() async throws {
        var profile = RPCProfile.mesh
        profile.life?.maximumAge = .milliseconds(80)
        profile.life?.grace = .milliseconds(100)
        let service = LifeService(handler: { request, _ in
            try await Task.sleep(for: .seconds(60))
            return request
        })
        try await LifeServer.run(service, profile: profile) { client, server in
            let error = await outcome {
                let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
            }
            #expect(error?.code == .unavailable)
            #expect(await eventually { server.server.connectionCount == 0 })
        }
    }

    @Test("K2: a client that pings too often is told so, and pings half as often from then on")
    func tooManyPings() async throws {
        var profile = RPCProfile.mesh
        profile.life?.minimumPingInterval = .seconds(1)
        var eager = RPCProfile.mesh
        eager.keepaliveInterval = .milliseconds(60)
        let service = LifeService(handler: { request, _ in
            try? await Task.sleep(for: .milliseconds(1_500))
            return request
        })
        try await LifeServer.run(service, profile: profile, client: eager) { client, _ in
            var errors: [RPCError] = []
            // 60, 120, 240, 480 ms: with the last one there are not enough pings in a call.
            for _ in 0..<5 {
                let error = await outcome {
                    let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
                }
                guard let error else { break }
                errors.append(error)
            }
            #expect((1...4).contains(errors.count), "\(errors)")
            for error in errors {
                #expect(error.code == .unavailable)
                #expect(error.message.contains("too_many_pings"), "\(error)")
            }
        }
    }

    @Test("K2: a server gives up a peer that answers no PING")
    func silentPeer() async throws {
        var profile = RPCProfile.mesh
        profile.life?.pingAfter = .milliseconds(80)
        profile.life?.pingTimeout = .milliseconds(80)
        let server = try await LifeServer(profile: profile)
        let peer = try await WirePeer(port: server.server.port)
        try await peer.send(WirePeer.preface)
        let seen = try await peer.untilClosed()
        #expect(WirePeer.frames(in: seen).contains { $0.type == 6 && $0.flags == 0 })
        await server.stop()
    }

    @Test("K5: both GOAWAYs are seen; the second names the last stream that was served")
    func twoPhases() async throws {
        let server = try await LifeServer()
        let peer = try await WirePeer(port: server.server.port)
        try await peer.send(WirePeer.preface)
        _ = try await peer.until { WirePeer.frames(in: $0).contains { $0.type == 4 } }
        let shutdown = Task { await server.server.shutdown(grace: .seconds(3)) }
        let seen = try await peer.untilClosed()
        let goAways = WirePeer.frames(in: seen).filter { $0.type == 7 }
        #expect(goAways.map(\.lastStream) == [0x7FFF_FFFF, 0])
        #expect(goAways.last?.text.hasSuffix("shutdown") == true)
        await shutdown.value
        await server.stop()
    }

    @Test("D8: a handler that runs on after its cancellation is told of")
    func outliving() async throws {
        // The patience is ten seconds of the loop's clock; here the watch itself is asked.
        let observer = RecordingLoadObserver()
        let finish = Gate()
        let started = Gate()
        let service = LifeService(handler: { request, _ in
            started.open()
            await finish.wait()
            return request
        })
        try await LifeServer.run(service, observer: observer) { client, _ in
            let options = CallOptions(deadline: .after(.milliseconds(300)))
            let error = await outcome {
                let _: EchoMessage = try await client.unary(
                    LifeService.once, EchoMessage(), options: options)
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(await eventually(within: .seconds(15)) { !observer.all.outlived.isEmpty })
            #expect(observer.all.outlived == [LifeService.once.path])
            #expect(observer.all.ended.isEmpty)
            finish.open()
            #expect(await eventually { observer.all.ended == [LifeService.once.path] })
        }
    }

    @Test("T6: a handler that holds its loop is told of by its method")
    func heldLoop() async throws {
        let observer = RecordingLoadObserver()
        let service = LifeService(handler: { request, _ in
            let end = ContinuousClock.now + .milliseconds(30)
            while ContinuousClock.now < end {}
            return request
        })
        try await LifeServer.run(service, observer: observer) { client, _ in
            for _ in 0..<3 {
                let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
            }
        }
        let held = observer.all.held
        #expect(
            held.contains { $0.path == LifeService.once.path && $0.duration > .milliseconds(10) })
    }
}
