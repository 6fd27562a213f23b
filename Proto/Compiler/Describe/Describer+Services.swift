/// Services and rpcs, with the policy of each call.
extension Describer {
    func text(_ service: Service) -> String {
        var text = head("service", service.fullName, service.doc)
        let wire = SchemaFingerprint(of: WireText.text(of: service, in: schema))
        var facts = TextTable([.left, .left])
        facts.row("declared", place(service.location))
        facts.row("in Swift", swiftName(service.name, package: service.package))
        facts.row("wire", wire.hex)
        facts.row("API", SchemaFingerprint(of: CanonicalText.text(of: service, in: schema)).hex)
        facts.row("handshake", "assay-schema: \(wire.hex.prefix(16))")
        text += facts.text
        for method in service.methods {
            text += "\n  \(signature(method))\n"
            for line in method.doc { text += "    \(line)\n" }
            text += policy(method, of: service, indent: 4)
        }
        return text
    }

    func text(_ method: Method, of service: Service) -> String {
        head("rpc", "\(service.fullName).\(method.name)", method.doc) + "  \(signature(method))\n"
            + policy(method, of: service, indent: 2)
    }

    private func signature(_ method: Method) -> String {
        func side(_ type: TypeID, _ isStream: Bool) -> String {
            (isStream ? "stream " : "") + schema.types[type.index].fullName
        }
        return "rpc \(method.name)(\(side(method.request, method.streamsRequest))) -> "
            + side(method.response, method.streamsResponse)
    }

    private func policy(_ method: Method, of service: Service, indent: Int) -> String {
        var facts = TextTable([.left, .left], indent: indent)
        let policy = method.policy
        facts.row("path", "/\(service.fullName)/\(method.name)")
        facts.row("callers", callers(policy.access))
        facts.row("repeating", repeating(method))
        if let retry = policy.retry {
            facts.row(
                "retried", "up to \(retry.maximum) times on \(retry.on.joined(separator: ", "))")
        }
        facts.row("cost", "\(policy.cost)")
        if let deadline = policy.deadlineNanoseconds {
            facts.row("deadline", Units.text(deadline, Units.durations))
        }
        facts.row("request", limit(method.request, policy.maximumRequestBytes))
        facts.row("response", limit(method.response, policy.maximumResponseBytes))
        return facts.text
    }

    private func callers(_ access: MethodPolicy.Access) -> String {
        switch access {
        case .public: "anybody (@public)"
        case .scope(let scope, let mutualTLS):
            "with scope \"\(scope)\"" + (mutualTLS ? ", over mutual TLS" : "")
        }
    }

    private func repeating(_ method: Method) -> String {
        switch method.policy.idempotency {
        case .none: return "may act twice"
        case .readonly: return "changes nothing (@readonly)"
        case .keyed(let path, let ttl):
            var names: [String] = []
            var type = method.request
            for number in path {
                let fields = schema.message(type)?.fields ?? []
                guard let field = fields.first(where: { $0.number == number }) else { break }
                names.append(field.name)
                if let next = field.type.typeID { type = next }
            }
            return "acts once per \(names.joined(separator: ".")) for "
                + "\(Units.text(ttl, Units.durations)) (@idempotent)"
        }
    }

    private func limit(_ type: TypeID, _ explicit: UInt64?) -> String {
        let limit = bounds.limit(type, explicit: explicit).map { "\($0) bytes" } ?? "none"
        let source = explicit == nil ? "" : " (explicit)"
        return "\(size(type)); limit \(limit)\(source)"
    }
}
