import AssayMessages
import RPC
import Testing
import Wire

@testable import RPCServices

@Suite("Reflection")
struct ReflectionTests {
    private typealias Reflection = GRPCReflectionV1.ServerReflection
    private typealias Request = GRPCReflectionV1.ServerReflectionRequest
    private typealias Response = GRPCReflectionV1.ServerReflectionResponse

    /// One stream of v1; the answers to `requests`, in order.
    private static func ask(
        _ link: Link, _ requests: [Request.MessageRequest?], options: CallOptions = CallOptions()
    ) async throws -> [Response] {
        try await Reflection.Client(link.client).serverReflectionInfo(options: options) {
            writer, replies in
            var answers = replies.makeAsyncIterator()
            var all: [Response] = []
            for request in requests {
                try await writer.write(Request(host: "h", messageRequest: request))
                if let answer = try await answers.next() { all.append(answer) }
            }
            writer.finish()
            #expect(try await answers.next() == nil)
            return all
        }
    }

    private static func files(_ response: Response) -> [String] {
        guard case .fileDescriptorResponse(let found) = response.messageResponse else { return [] }
        return found.fileDescriptorProto.compactMap { FileDescriptor($0)?.name }
    }

    private static func error(_ response: Response) -> Int32? {
        guard case .errorResponse(let error) = response.messageResponse else { return nil }
        #expect(error.errorMessage.count < 300)
        return error.errorCode
    }

    @Test("v1 lists what the server offers, and nothing else that was compiled in")
    func list() async throws {
        try await Link.with(reflection: true) { link in
            let answer = try await Self.ask(link, [.listServices("*")])[0]
            guard case .listServicesResponse(let list) = answer.messageResponse else {
                Issue.record("\(answer)")
                return
            }
            #expect(
                list.service.map(\.name) == [
                    "bench.v1.Echo", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ])
            #expect(answer.validHost == "h")
            #expect(answer.originalRequest?.messageRequest == .listServices("*"))
            let hidden = try await Self.ask(
                link,
                [
                    .fileContainingSymbol("assay.risk.v1.RiskAssessment"),
                    .fileByFilename("assay/risk/v1/risk.proto"),
                ])
            #expect(hidden.map(Self.error) == [5, 5])
        }
    }

    @Test("v1alpha answers the same")
    func alpha() async throws {
        try await Link.with(reflection: true) { link in
            typealias Alpha = GRPCReflectionV1Alpha
            let client = Alpha.ServerReflection.Client(link.client)
            try await client.serverReflectionInfo { writer, replies in
                var answers = replies.makeAsyncIterator()
                try await writer.write(
                    Alpha.ServerReflectionRequest(
                        messageRequest: .fileContainingSymbol("bench.v1.EchoMessage.payload")))
                let answer = try await answers.next()
                guard case .fileDescriptorResponse(let found) = answer?.messageResponse else {
                    Issue.record("\(String(describing: answer))")
                    return
                }
                #expect(found.fileDescriptorProto.count == 1)
                try await writer.write(
                    Alpha.ServerReflectionRequest(messageRequest: .listServices("")))
                guard
                    case .listServicesResponse(let list) = try await answers.next()?
                        .messageResponse
                else {
                    Issue.record("no list")
                    return
                }
                #expect(list.service.count == 4)
            }
        }
    }

    @Test("a file comes with what it imports, and what a stream has got is not sent again")
    func files() async throws {
        let index = ReflectionIndex(
            serving: ["opentelemetry.proto.collector.trace.v1.TraceService"],
            files: Descriptors.files)
        var sent: Set<String> = []
        func names(_ question: ReflectionIndex.Question) -> [String] {
            guard case .files(let files) = index.answer(question, sent: &sent) else { return [] }
            return files.map(\.name)
        }
        let base = "opentelemetry/proto/"
        let collector = base + "collector/trace/v1/trace_service.proto"
        #expect(
            names(.fileDeclaring("opentelemetry.proto.collector.trace.v1.TraceService.Export"))
                == [
                    collector, base + "trace/v1/trace.proto", base + "common/v1/common.proto",
                    base + "resource/v1/resource.proto",
                ])
        #expect(names(.file(named: collector)) == [collector])
        #expect(
            names(.file(named: base + "common/v1/common.proto"))
                == [base + "common/v1/common.proto"])
    }

    @Test("all that is unknown, odd or huge gets an error in the answer, and the stream goes on")
    func unknown() async throws {
        try await Link.with(reflection: true) { link in
            let long = String(repeating: "é", count: 30_000)
            let answers = try await Self.ask(
                link,
                [
                    .fileContainingSymbol("nobody.v1.Nothing"), .fileContainingSymbol(""),
                    .fileContainingSymbol("."), .fileContainingSymbol(long),
                    .fileByFilename("../../etc/passwd"), .fileByFilename(long),
                    .fileContainingExtension(
                        GRPCReflectionV1.ExtensionRequest(
                            containingType: "bench.v1.EchoMessage", extensionNumber: .max)),
                    .fileContainingExtension(
                        GRPCReflectionV1.ExtensionRequest(
                            containingType: long, extensionNumber: .min)),
                    .allExtensionNumbersOfType("bench.v1.Echo"),
                    .allExtensionNumbersOfType(long), nil,
                    .allExtensionNumbersOfType("bench.v1.EchoMessage"),
                    .fileContainingSymbol("bench.v1.Echo.Say"),
                ])
            #expect(answers.prefix(10).map(Self.error) == Array(repeating: 5, count: 10))
            #expect(Self.error(answers[10]) == 3)
            #expect(
                answers[11].messageResponse
                    == .allExtensionNumbersResponse(
                        GRPCReflectionV1.ExtensionNumberResponse(
                            baseTypeName: "bench.v1.EchoMessage")))
            #expect(Self.files(answers[12]) == ["bench/v1/bench.proto"])
        }
    }

    @Test("a stream that asks without end is ended")
    func endless() async throws {
        try await Link.with(reflection: true) { link in
            var answered = 0
            let error = await #expect(throws: RPCError.self) {
                try await Reflection.Client(link.client).serverReflectionInfo { writer, replies in
                    var answers = replies.makeAsyncIterator()
                    while true {
                        try await writer.write(Request(messageRequest: .listServices("")))
                        if try await answers.next() == nil { return }
                        answered += 1
                    }
                }
            }
            #expect(error?.code == .resourceExhausted)
            #expect(answered == ReflectionConversation.maximumQuestions)
        }
    }

    @Test("it is off unless switched on, and needs its scope where it is not open")
    func access() async throws {
        try await Link.with { link in
            let error = await #expect(throws: RPCError.self) {
                try await Self.ask(link, [.listServices("")])
            }
            #expect(error?.code == .unimplemented)
        }
        let forwarder = ScopeAuthorizer(openScopes: ["assay.reflection"], trustsEveryPeer: true)
        try await Link.with(reflection: true, authorizer: forwarder) { link in
            func code(_ scopes: String) async -> StatusCode? {
                let options = CallOptions(metadata: [
                    "assay-tenant": "t", "assay-client": "c", "assay-scopes": scopes,
                ])
                do {
                    _ = try await Self.ask(link, [.listServices("")], options: options)
                    return nil
                } catch {
                    return (error as? RPCError)?.code
                }
            }
            #expect(await code("risk.assess") == .permissionDenied)
            #expect(await code("risk.assess assay.reflection") == nil)
        }
        try await Link.with(reflection: true, authorizer: ScopeAuthorizer()) { link in
            let error = await #expect(throws: RPCError.self) {
                try await Self.ask(link, [.listServices("")])
            }
            #expect(error?.code == .unauthenticated)
        }
    }
}
