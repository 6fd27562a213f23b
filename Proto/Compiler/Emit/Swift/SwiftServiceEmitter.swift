/// Writes a service: descriptors, the protocol that a server implements, and the client.
struct SwiftServiceEmitter {
    let service: Service
    let package: Package
    /// Index of the package.
    let index: Int
    let schema: Schema
    let bounds: Bounds

    private var methods: [Method] { service.methods }
    private var qualifiedName: String { "\(package.swiftName).\(service.name)" }

    func emit(to writer: inout CodeWriter) {
        writer.block("extension \(package.swiftName)") { writer in
            writer.documentation(service.doc)
            writer.block("public enum \(service.name)") { writer in
                for method in methods { emitDescriptor(method, to: &writer) }
                let names = methods.map { SwiftName.member($0.name) }
                writer.line("/// Every method, in the order of the schema.")
                writer.collection(
                    "public static let methods: [MethodDescriptor] = [", names, "]")
                writer.line()
                emitProtocol(to: &writer)
                writer.line()
                emitClient(to: &writer)
            }
        }
        writer.line()
        emitRegistration(to: &writer)
    }

    // MARK: Descriptors

    private func emitDescriptor(_ method: Method, to writer: inout CodeWriter) {
        let policy = method.policy
        var arguments = ["path: \(Quoted.swift("/\(service.fullName)/\(method.name)"))"]
        arguments.append("kind: .\(kind(method))")
        let wire = SchemaFingerprint(of: WireText.text(of: service, in: schema))
        arguments.append("schema: \(SwiftLiteral.hexadecimal(wire.prefix))")
        arguments.append("access: \(access(policy.access))")
        switch policy.idempotency {
        case .none: arguments.append("idempotency: .none")
        case .readonly: arguments.append("idempotency: .readonly")
        case .keyed(let path, let ttl):
            let numbers = path.map(String.init).joined(separator: ", ")
            arguments.append("idempotency: .keyed(path: [\(numbers)], ttl: \(duration(ttl)))")
        }
        arguments.append("cost: \(SwiftLiteral.decimal(policy.cost))")
        if let deadline = policy.deadlineNanoseconds {
            arguments.append("deadline: \(duration(deadline))")
        }
        if let retry = policy.retry {
            let codes = retry.on.map { "." + Spelling.swiftMember($0) }.joined(separator: ", ")
            arguments.append(
                "retry: RetryPolicy(maximumAttempts: \(retry.maximum), codes: [\(codes)])")
        }
        let limits = [
            ("Request", method.request, policy.maximumRequestBytes),
            ("Response", method.response, policy.maximumResponseBytes),
        ]
        for (name, type, explicit) in limits {
            guard let limit = bounds.limit(type, explicit: explicit) else { continue }
            arguments.append("maximum\(name)Bytes: \(SwiftLiteral.decimal(limit))")
        }
        if [method.request, method.response].contains(where: schema.mayHoldCredentials) {
            arguments.append("carriesCredentials: true")
        }
        writer.documentation(method.doc)
        let name = SwiftName.member(method.name)
        writer.list("public static let \(name) = MethodDescriptor(", arguments, ")")
        writer.line()
    }

    private func access(_ access: MethodPolicy.Access) -> String {
        switch access {
        case .public: ".public"
        case .scope(let scope, let mutualTLS):
            ".scope(\(Quoted.swift(scope)), mutualTLS: \(mutualTLS))"
        }
    }

    /// A `Duration` in the largest of its units that is exact.
    private func duration(_ nanoseconds: UInt64) -> String {
        let units = [
            ("seconds", 1_000_000_000), ("milliseconds", 1_000_000), ("microseconds", 1000),
        ]
        for (name, factor) in units where nanoseconds % UInt64(factor) == 0 {
            return ".\(name)(\(SwiftLiteral.decimal(nanoseconds / UInt64(factor))))"
        }
        return ".nanoseconds(\(SwiftLiteral.decimal(nanoseconds)))"
    }

    // MARK: Server and client

    /// The name of the kind, which is also that of the calls of `MethodRegistry` and `ClientTransport`.
    private func kind(_ method: Method) -> String {
        switch (method.streamsRequest, method.streamsResponse) {
        case (false, false): "unary"
        case (false, true): "serverStreaming"
        case (true, false): "clientStreaming"
        case (true, true): "bidirectional"
        }
    }

    private func request(_ method: Method) -> String {
        SwiftType.name(method.request, schema, from: index)
    }

    private func response(_ method: Method) -> String {
        SwiftType.name(method.response, schema, from: index)
    }

    private func emitProtocol(to writer: inout CodeWriter) {
        writer.line("/// What a server of `\(service.fullName)` implements.")
        writer.block("public protocol Service: RPCService") { writer in
            for method in methods {
                let (request, response) = (request(method), response(method))
                var parameters = [
                    method.streamsRequest
                        ? "_ requests: RequestStream<\(request)>" : "_ request: \(request)"
                ]
                if method.streamsResponse { parameters.append("replies: ReplyWriter<\(response)>") }
                parameters.append("context: ServerContext")
                let result = method.streamsResponse ? "" : " -> \(response)"
                writer.documentation(method.doc)
                writer.list(
                    "func \(SwiftName.member(method.name))(", parameters,
                    ") async throws\(result)", closesOnOwnLine: true)
            }
        }
    }

    private func emitClient(to writer: inout CodeWriter) {
        writer.line("/// Calls `\(service.fullName)` over any transport.")
        writer.block("public struct Client: Sendable") { writer in
            writer.line("public let transport: any ClientTransport")
            writer.line()
            writer.block("public init(_ transport: any ClientTransport)") {
                $0.line("self.transport = transport")
            }
            for method in methods {
                writer.line()
                writer.documentation(method.doc)
                emitCall(method, to: &writer)
            }
        }
    }

    /// A method of the client. With a stream, the caller's closure gets its ends.
    private func emitCall(_ method: Method, to writer: inout CodeWriter) {
        let name = SwiftName.member(method.name)
        var parameters = ["options: CallOptions = CallOptions()"]
        var arguments = ["\(service.name).\(name)", "options: options"]
        var ends: [String] = []
        if method.streamsRequest {
            ends.append("RequestWriter<\(request(method))>")
        } else {
            parameters.insert("_ request: \(request(method))", at: 0)
            arguments.insert("request", at: 1)
        }
        if method.streamsResponse { ends.append("ReplyStream<\(response(method))>") }
        if ends.isEmpty {
            writer.list(
                "public func \(name)(", parameters,
                ") async throws -> \(response(method)) {", closesOnOwnLine: true)
        } else {
            arguments.append("body")
            emitStreamHead(method, parameters, ends, to: &writer)
        }
        writer.indented {
            $0.list("try await transport.\(kind(method))(", arguments, ")")
        }
        writer.line("}")
    }

    private func emitStreamHead(
        _ method: Method, _ parameters: [String], _ ends: [String], to writer: inout CodeWriter
    ) {
        let name = SwiftName.member(method.name)
        let generic = method.streamsResponse ? "<Result>" : ""
        writer.line("public nonisolated(nonsending) func \(name)\(generic)(")
        writer.indented { writer in
            let line = parameters.map { $0 + "," }.joined(separator: " ")
            writer.lines(writer.fits(line) ? [line] : parameters.map { $0 + "," })
            let open = "nonisolated(nonsending) ("
            let close = ") async throws -> \(method.streamsResponse ? "Result" : "Void")"
            let whole = "_ body: " + open + ends.joined(separator: ", ") + close
            if writer.fits(whole) { return writer.line(whole) }
            writer.line("_ body:")
            writer.indented { $0.list(open, ends, close, closesOnOwnLine: true) }
        }
        writer.line(
            ") async throws -> \(method.streamsResponse ? "Result" : response(method)) {")
    }

    private func emitRegistration(to writer: inout CodeWriter) {
        writer.block("extension \(qualifiedName).Service") { writer in
            writer.block("public func register(in registry: inout MethodRegistry)") { writer in
                for method in methods {
                    let name = SwiftName.member(method.name)
                    let request = method.streamsRequest ? "requests" : "request"
                    var (names, arguments) = ([request], [request])
                    if method.streamsResponse {
                        names.append("replies")
                        arguments.append("replies: replies")
                    }
                    names.append("context")
                    arguments.append("context: context")
                    writer.list(
                        "registry.\(kind(method))(", ["\(qualifiedName).\(name)"],
                        ") { \(names.joined(separator: ", ")) in", closesOnOwnLine: true)
                    writer.indented {
                        $0.list("try await self.\(name)(", arguments, ")")
                    }
                    writer.line("}")
                }
            }
        }
    }
}
