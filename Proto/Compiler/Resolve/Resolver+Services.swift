/// Services, their rpcs, and the policy that annotations give to calls.
extension Resolver {
    mutating func resolveServices(_ section: Int) {
        guard let package = package(ofSection: section) else { return }
        for declaration in files[section].declarations {
            guard case .service(let methods) = declaration.body else { continue }
            let annotations = read(declaration.head, at: .service, section: section)
            let fullName = schema.packages[package].name + "." + declaration.name.text
            var service = Service(
                name: declaration.name.text, fullName: fullName, package: package,
                doc: declaration.head.doc, annotations: annotations.canonical,
                location: location(section, declaration.name.span))
            checkMethodNames(methods, section: section)
            for method in methods {
                if let resolved = resolve(method, service: annotations, section: section) {
                    service.methods.append(resolved)
                }
            }
            schema.packages[package].services.append(schema.services.count)
            schema.services.append(service)
        }
    }

    private mutating func resolve(
        _ syntax: RPCSyntax, service: AnnotationSet, section: Int
    ) -> Method? {
        let annotations = read(syntax.head, at: .rpc, section: section)
        guard let request = rpcType(syntax.request.name, section: section),
            let response = rpcType(syntax.response.name, section: section)
        else { return nil }
        var policy = MethodPolicy()
        policy.access = access(annotations, service, rpc: syntax, section: section)
        policy.idempotency = idempotency(annotations, request: request, section: section)
        applyLimits(annotations, to: &policy)
        applyRetry(annotations, to: &policy, section: section)
        return Method(
            name: syntax.name.text, doc: syntax.head.doc, annotations: annotations.canonical,
            request: request, response: response, streamsRequest: syntax.request.isStream,
            streamsResponse: syntax.response.isStream, policy: policy,
            location: location(section, syntax.name.span))
    }

    private mutating func rpcType(_ name: NameSyntax, section: Int) -> TypeID? {
        guard let resolved = lookUp(name, section: section) else { return nil }
        if case .value(.message(let id)) = resolved { return id }
        error(
            .rpcType, section, name.span, "'\(name.text)' is not a message or union",
            hint: "an rpc takes and returns messages")
        return nil
    }

    // MARK: Access

    /// An rpc's arguments override the service's one by one; `@public` replaces them all.
    private mutating func access(
        _ own: AnnotationSet, _ service: AnnotationSet, rpc: RPCSyntax, section: Int
    ) -> MethodPolicy.Access {
        for set in [own, service] {
            noArguments(of: set["public"])
            if let auth = set["auth"], set.has("public") {
                error(
                    .contradiction, section, auth.span,
                    "'@auth' and '@public' exclude each other")
            }
        }
        if own.has("public") { return .public }
        if !own.has("auth") && service.has("public") { return .public }
        if !own.has("auth") && !service.has("auth") {
            error(
                .access, section, rpc.name.span,
                "rpc '\(rpc.name.text)' does not say who may call it",
                hint: "add '@auth(scope: \"…\")' or '@public'")
            return .public
        }
        let base = authArguments(service)
        let override = authArguments(own)
        guard let scope = override.scope ?? base.scope else {
            error(
                .annotationArgument, section,
                (own["auth"] ?? service["auth"])?.span ?? rpc.name.span,
                "'@auth' needs a scope", hint: "write '@auth(scope: \"…\")'")
            return .public
        }
        return .scope(scope, mutualTLS: override.mutualTLS ?? base.mutualTLS ?? false)
    }

    private mutating func authArguments(
        _ set: AnnotationSet
    ) -> (scope: String?, mutualTLS: Bool?) {
        guard let auth = set["auth"],
            let values = arguments(of: auth, allowed: ["scope", "mtls"])
        else { return (nil, nil) }
        var scope: String?
        var mutualTLS: Bool?
        if let value = values["scope"] {
            if case .string(let text) = value.kind, !text.isEmpty {
                scope = text
            } else {
                argumentError(auth, "scope: with a string")
            }
        }
        if let value = values["mtls"] {
            if case .boolean(let flag) = value.kind {
                mutualTLS = flag
            } else {
                argumentError(auth, "mtls: with true or false")
            }
        }
        return (scope, mutualTLS)
    }

    // MARK: Idempotency

    private mutating func idempotency(
        _ annotations: AnnotationSet, request: TypeID, section: Int
    ) -> MethodPolicy.Idempotency {
        noArguments(of: annotations["readonly"])
        guard let idempotent = annotations["idempotent"] else {
            return annotations.has("readonly") ? .readonly : .none
        }
        if let readonly = annotations["readonly"] {
            error(
                .policy, section, readonly.span,
                "'@readonly' and '@idempotent' exclude each other",
                hint: "a readonly rpc changes nothing and needs no key")
        }
        guard let values = arguments(of: idempotent, allowed: ["key", "ttl"]) else {
            return .none
        }
        guard let key = values["key"], case .name(let path) = key.kind,
            case .duration(let ttl)? = values["ttl"]?.kind, ttl > 0
        else {
            argumentError(idempotent, "key: with a field and ttl: with a duration")
            return .none
        }
        guard let numbers = keyPath(path, of: request, at: key.span, section: section) else {
            return .none
        }
        return .keyed(path: numbers, nanoseconds: ttl)
    }

    /// Field numbers of `event.id`; each step must be certain to be there.
    private mutating func keyPath(
        _ path: String, of request: TypeID, at span: Span, section: Int
    ) -> [Int]? {
        var numbers: [Int] = []
        var current = request
        let parts = path.split(separator: ".").map(String.init)
        for (index, name) in parts.enumerated() {
            guard let message = schema.message(current) else { return nil }
            guard let field = message.fields.first(where: { $0.name == name }) else {
                error(
                    .idempotency, section, span, "'\(message.name)' has no field '\(name)'",
                    hint: Suggestion.hint(for: name, among: message.fields.map(\.name)))
                return nil
            }
            guard field.isRequired, field.cardinality == .singular else {
                error(
                    .idempotency, section, span,
                    "'\(name)' may be missing or repeated, so it cannot be the key",
                    hint: "make it one value with '@required'",
                    notes: [.init(location: field.location, text: "declared here")])
                return nil
            }
            numbers.append(field.number)
            if index < parts.count - 1, case .message(let next) = field.type {
                current = next
                continue
            }
            guard index == parts.count - 1, case .builtin(let builtin) = field.type,
                [.string, .bytes, .uuid].contains(builtin)
            else {
                error(
                    .idempotency, section, span, "the key is a string, bytes or uuid field",
                    notes: [.init(location: field.location, text: "declared here")])
                return nil
            }
        }
        return numbers
    }

    // MARK: Limits and retries

    private mutating func applyLimits(_ annotations: AnnotationSet, to policy: inout MethodPolicy) {
        if let cost = annotations["cost"] {
            let number = integerArgument(of: cost, in: 1...1_000_000)
            policy.cost = UInt64(number ?? 1)
        }
        if let deadline = annotations["deadline"] {
            if case .duration(let nanoseconds)? = soleArgument(of: deadline)?.kind,
                nanoseconds > 0
            {
                policy.deadlineNanoseconds = nanoseconds
            } else {
                argumentError(deadline, "a duration such as 50ms")
            }
        }
        policy.maximumRequestBytes = size(annotations, "max_request")
        policy.maximumResponseBytes = size(annotations, "max_response")
    }

    private mutating func size(_ annotations: AnnotationSet, _ name: String) -> UInt64? {
        guard let annotation = annotations[name] else { return nil }
        if case .size(let bytes)? = soleArgument(of: annotation)?.kind,
            (1...(1 << 30)).contains(bytes)
        {
            return bytes
        }
        argumentError(annotation, "a size such as 64KiB, at most 1024MiB")
        return nil
    }

    private static let retryableCodes = [
        "cancelled", "unknown", "deadline_exceeded", "resource_exhausted", "aborted", "internal",
        "unavailable",
    ]

    private mutating func applyRetry(
        _ annotations: AnnotationSet, to policy: inout MethodPolicy, section: Int
    ) {
        guard let retry = annotations["retry"] else { return }
        if !annotations.has("readonly") && !annotations.has("idempotent") {
            error(
                .policy, section, retry.span, "only a call that may be repeated can be retried",
                hint: "add '@readonly' or '@idempotent'")
        }
        guard let values = arguments(of: retry, allowed: ["max", "on"]) else { return }
        var names: [String] = []
        if case .list(let list)? = values["on"]?.kind {
            for value in list {
                guard case .name(let name) = value.kind, Self.retryableCodes.contains(name) else {
                    let codes = Self.retryableCodes.joined(separator: ", ")
                    return argumentError(retry, "codes among \(codes)")
                }
                names.append(name)
            }
        }
        guard let maximum = count(values["max"]), (1...10).contains(maximum), !names.isEmpty else {
            return argumentError(
                retry, "max: from 1 to 10 and on: with a list of codes")
        }
        policy.retry = (UInt64(maximum), names)
    }
}
