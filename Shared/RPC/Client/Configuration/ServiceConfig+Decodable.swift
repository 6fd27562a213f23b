/// Reads the JSON form; what is wrong is named with its place.
extension ServiceConfig: Decodable {
    private enum Key: String, CodingKey {
        case methodConfig, retryThrottling, loadBalancingConfig, healthCheckConfig
    }

    private struct HealthCheck: Decodable {
        var serviceName: String?
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            methods: try fields.decodeIfPresent([MethodConfig].self, forKey: .methodConfig) ?? [],
            throttling: try fields.decodeIfPresent(RetryThrottling.self, forKey: .retryThrottling),
            balancing: try fields.decodeIfPresent(
                BalancingChoice.self, forKey: .loadBalancingConfig)?.policy,
            healthCheckService: try fields.decodeIfPresent(
                HealthCheck.self, forKey: .healthCheckConfig)?.serviceName)
        var seen: Set<MethodConfig.Name> = []
        for method in methods {
            for name in method.names where !seen.insert(name).inserted {
                throw DecodingError.wrong(
                    Key.methodConfig, in: decoder, "the name \(name) stands in two entries")
            }
        }
    }

    /// Says which entry names a method that the schemas do not have, or lets one be repeated that
    /// may not be; nil if there is none.
    public func problem(with methods: [MethodDescriptor]) -> String? {
        for (index, entry) in self.methods.enumerated() {
            for name in entry.names where !name.service.isEmpty {
                let meant = methods.filter {
                    $0.service == name.service
                        && (name.method.isEmpty || $0.name == name.method)
                }
                if meant.isEmpty {
                    return "methodConfig/\(index)/name: no schema has \(name)"
                }
                let repeats = entry.retry != nil || entry.hedging != nil
                if repeats, !meant.contains(where: \.idempotency.allowsRetry) {
                    return "methodConfig/\(index): \(name) may not be repeated: its schema says "
                        + "neither @readonly nor @idempotent"
                }
            }
        }
        return nil
    }
}

extension MethodConfig.Name: Decodable, CustomStringConvertible {
    private enum Key: String, CodingKey { case service, method }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            service: try fields.decodeIfPresent(String.self, forKey: .service) ?? "",
            method: try fields.decodeIfPresent(String.self, forKey: .method) ?? "")
        if service.isEmpty && !method.isEmpty {
            throw DecodingError.wrong(
                Key.method, in: decoder, "a method needs the service that it belongs to")
        }
    }

    public var description: String {
        service.isEmpty ? "of all methods" : method.isEmpty ? service : "\(service)/\(method)"
    }
}

extension MethodConfig: Decodable {
    private enum Key: String, CodingKey {
        case name, timeout, waitForReady, retryPolicy, hedgingPolicy
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            names: try fields.decode([Name].self, forKey: .name),
            timeout: try fields.decodeIfPresent(SecondsText.self, forKey: .timeout)?.duration,
            waitsForReady: try fields.decodeIfPresent(Bool.self, forKey: .waitForReady) ?? false,
            retry: try fields.decodeIfPresent(RetryPolicy.self, forKey: .retryPolicy),
            hedging: try fields.decodeIfPresent(HedgingPolicy.self, forKey: .hedgingPolicy))
        if let timeout, timeout <= .zero {
            throw DecodingError.wrong(Key.timeout, in: decoder, "a timeout is above zero")
        }
        if retry != nil && hedging != nil {
            throw DecodingError.wrong(
                Key.hedgingPolicy, in: decoder, "retryPolicy and hedgingPolicy exclude each other")
        }
    }
}

extension RetryPolicy: Decodable {
    private enum Key: String, CodingKey {
        case maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            maximumAttempts: min(5, try fields.decode(Int.self, forKey: .maxAttempts)),
            codes: try fields.decode([StatusCodeName].self, forKey: .retryableStatusCodes)
                .map(\.code),
            initialBackoff: try fields.decode(SecondsText.self, forKey: .initialBackoff).duration,
            maximumBackoff: try fields.decode(SecondsText.self, forKey: .maxBackoff).duration,
            backoffMultiplier: try fields.decode(Double.self, forKey: .backoffMultiplier))
        func check(_ isRight: Bool, _ key: Key, _ expected: String) throws {
            if !isRight { throw DecodingError.wrong(key, in: decoder, expected) }
        }
        try check(maximumAttempts >= 2, .maxAttempts, "at least 2 attempts")
        try check(initialBackoff > .zero, .initialBackoff, "a backoff is above zero")
        try check(maximumBackoff > .zero, .maxBackoff, "a backoff is above zero")
        try check(
            backoffMultiplier > 0 && backoffMultiplier <= 1_000, .backoffMultiplier,
            "a multiplier above 0, at most 1000")
        try check(!codes.isEmpty, .retryableStatusCodes, "at least one code")
        try check(!codes.contains(.ok), .retryableStatusCodes, "OK is no failure")
    }
}

extension HedgingPolicy: Decodable {
    private enum Key: String, CodingKey {
        case maxAttempts, hedgingDelay, nonFatalStatusCodes
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let attempts = try fields.decode(Int.self, forKey: .maxAttempts)
        if attempts < 2 {
            throw DecodingError.wrong(Key.maxAttempts, in: decoder, "at least 2 attempts")
        }
        self.init(
            maximumAttempts: min(5, attempts),
            delay: try fields.decodeIfPresent(SecondsText.self, forKey: .hedgingDelay)?.duration,
            codes: try fields.decodeIfPresent([StatusCodeName].self, forKey: .nonFatalStatusCodes)?
                .map(\.code))
        if codes?.contains(.ok) == true {
            throw DecodingError.wrong(Key.nonFatalStatusCodes, in: decoder, "OK is no failure")
        }
    }
}

extension RetryThrottling: Decodable {
    private enum Key: String, CodingKey { case maxTokens, tokenRatio }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            maximumTokens: try fields.decode(Int.self, forKey: .maxTokens),
            tokenRatio: try fields.decode(Double.self, forKey: .tokenRatio))
        if !(1...1_000).contains(maximumTokens) {
            throw DecodingError.wrong(Key.maxTokens, in: decoder, "1 to 1000 tokens")
        }
        if !(tokenRatio >= 0.001 && tokenRatio <= 1_000) {
            throw DecodingError.wrong(Key.tokenRatio, in: decoder, "a ratio from 0.001 to 1000")
        }
    }
}

/// A list of policies of which the first one that we know counts.
private struct BalancingChoice: Decodable {
    var policy: LoadBalancing?

    private struct Policy: Decodable {
        var policy: LoadBalancing?

        private enum Spill: String, Decodable { case never, next }
        private struct Ring: Decodable { var spill: Spill? }
        private struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { return nil }
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Name.self)
            guard fields.allKeys.count == 1, let name = fields.allKeys.first else {
                throw DecodingError.wrong(
                    nil, in: decoder, "a policy is one name with its settings")
            }
            switch name.stringValue {
            case "p2c": policy = .p2c
            case "round_robin": policy = .roundRobin
            case "pick_first": policy = .pickFirst
            case "ring_hash":
                let ring = try fields.decode(Ring.self, forKey: name)
                policy = .ringHash(spill: ring.spill == .never ? .never : .next)
                return
            default: policy = nil
            }
            // Settings of policies that have none are somebody else's.
            _ = fields.contains(name)
        }
    }

    init(from decoder: any Decoder) throws {
        let policies = try decoder.singleValueContainer().decode([Policy].self)
        policy = policies.lazy.compactMap(\.policy).first
        if policy == nil {
            throw DecodingError.wrong(
                nil, in: decoder, "one of p2c, round_robin, pick_first, ring_hash is needed")
        }
    }
}

/// A duration as protobuf writes it in JSON: seconds with up to nine decimal places, "0.25s".
private struct SecondsText: Decodable {
    let duration: Duration

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let duration = Self.parse(text) else {
            throw DecodingError.wrong(nil, in: decoder, "expected seconds such as \"0.25s\"")
        }
        self.duration = duration
    }

    static func parse(_ text: String) -> Duration? {
        guard text.utf8.last == UInt8(ascii: "s") else { return nil }
        let parts = text.dropLast().split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDigits = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard isDigits, parts[0].count <= 12, let seconds = Int64(parts[0]) else { return nil }
        guard parts.count == 2 else { return .seconds(seconds) }
        let fraction = String(parts[1]) + String(repeating: "0", count: max(0, 9 - parts[1].count))
        guard fraction.count == 9, let nanoseconds = Int64(fraction) else { return nil }
        return .seconds(seconds) + .nanoseconds(nanoseconds)
    }
}

/// A status code by its number or by its name, in any case.
private struct StatusCodeName: Decodable {
    let code: StatusCode

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        let code = StatusCode.allCases.first {
            $0.description == text.uppercased() || String($0.rawValue) == text
        }
        guard let code else {
            throw DecodingError.wrong(nil, in: decoder, "there is no status code \(text)")
        }
        self.code = code
    }
}

extension DecodingError {
    fileprivate static func wrong(
        _ key: (any CodingKey)?, in decoder: any Decoder, _ message: String
    ) -> DecodingError {
        .dataCorrupted(
            Context(
                codingPath: decoder.codingPath + (key.map { [$0] } ?? []),
                debugDescription: message))
    }
}
