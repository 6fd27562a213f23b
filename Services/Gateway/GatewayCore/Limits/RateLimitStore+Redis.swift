public import RPC
public import Redis

/// Limits in one Redis for all replicas: each decision is one call of a script on one connection of
/// the loop that asks.
public final class RedisRateLimitStore: RateLimitStore {
    private let client: RedisClient
    private let now: @Sendable () -> Instant
    private let script = RedisScript.rateLimit

    /// What a connection of this store needs to be, beside where it leads.
    public static func configured(
        _ connection: RedisConnection.Configuration, connections: Int
    ) -> RedisClient.Configuration {
        var connection = connection
        connection.maximumInFlight = 4096
        connection.scripts = [.rateLimit, .heartbeat]
        connection.connectTimeout = .milliseconds(400)
        connection.stallTimeout = .seconds(1)
        var configuration = RedisClient.Configuration(connection)
        configuration.connections = connections
        // A store that is back is used again within a second.
        configuration.longestPause = .milliseconds(250)
        return configuration
    }

    /// - Parameters:
    ///   - client: made with `configured`.
    ///   - now: a monotonic clock.
    public init(_ client: RedisClient, now: @escaping @Sendable () -> Instant) {
        self.client = client
        self.now = now
    }

    public var isReady: Bool { client.isConnected }

    public func take(
        _ order: StoreOrder, within budget: Int64,
        _ done: @escaping @Sendable (Result<StoreReply, StoreFault>) -> Void
    ) {
        let started = now()
        send(order, isForgotten: false, within: .nanoseconds(budget)) { [self] result in
            guard case .success(.error(let error)) = result, error.code == "NOSCRIPT" else {
                return done(Self.reply(result, to: order))
            }
            // Restarted, or told to forget: the text goes along, in what is left of the time.
            let left = Duration.nanoseconds(budget) - (now() - started)
            guard left > .zero else { return done(.failure(.late)) }
            send(order, isForgotten: true, within: left) { done(Self.reply($0, to: order)) }
        }
    }

    private func send(
        _ order: StoreOrder, isForgotten: Bool, within budget: Duration,
        _ done: @escaping @Sendable (Result<RedisValue, RedisError>) -> Void
    ) {
        let (keys, arguments) = (order.rules.count, 2 + 5 * order.rules.count)
        var request =
            isForgotten
            ? script.requestWithSource(keys: keys, arguments: arguments)
            : script.request(keys: keys, arguments: arguments)
        for rule in order.rules { request.append(rule.key) }
        request.append(Int64(order.least))
        request.append(Int64(order.want))
        for rule in order.rules {
            request.append(rule.step)
            request.append(rule.limit)
            request.append(rule.depth)
            request.append(rule.isEnforced ? 1 : 0)
            request.append(rule.reach)
        }
        client.submit(request, timeout: budget, done)
    }

    private static func reply(
        _ result: Result<RedisValue, RedisError>, to order: StoreOrder
    ) -> Result<StoreReply, StoreFault> {
        switch result {
        case .success(let value):
            guard let reply = StoreReply(value, to: order) else {
                let text = value.error?.description ?? "a reply of another form"
                return .failure(.failed(text))
            }
            return .success(reply)
        case .failure(let error):
            switch error.code {
            case .timeout, .tooManyInFlight: return .failure(.late)
            default: return .failure(.failed("\(error)"))
            }
        }
    }
}

extension StoreReply {
    /// Nil for anything that the script does not answer to this order.
    init?(_ value: RedisValue, to order: StoreOrder) {
        guard let values = value.elements, values.count == 3 + 2 * order.rules.count else {
            return nil
        }
        var numbers: [Int64] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard let number = value.integer, number >= 0 else { return nil }
            numbers.append(number)
        }
        guard numbers[0] <= Int64(order.want), numbers[1] <= Int64(order.rules.count),
            (numbers[0] == 0) == (numbers[1] > 0), numbers[0] == 0 || numbers[0] >= order.least
        else { return nil }
        let rules = order.rules.indices.map { index in
            Rule(untilFull: numbers[3 + 2 * index], isBlocked: numbers[4 + 2 * index] == 1)
        }
        let longest = order.rules.reduce(0) { max($0, $1.depth) }
        guard numbers[2] <= StoreOrder.largestProduct, rules.allSatisfy({ $0.untilFull <= longest })
        else {
            return nil
        }
        self.init(
            granted: Int(numbers[0]), refused: numbers[1] > 0 ? Int(numbers[1]) - 1 : nil,
            wait: numbers[2], rules: rules)
    }
}
