/// The people, terminals and shops of a simulated country, fixed by the seed.
struct Population: Sendable {
    struct Customer: Sendable {
        var profile: Payment.Profile
        /// Half of the customer's payments are smaller.
        var medianCents: Int64
        var terminals: [Int]
        var cashMachine: Int
        var payees: [Int]
        var os: String
        var browser: String
        var addressSuffix: Int
    }

    struct Terminal: Sendable {
        var country: String
        var mcc: String
        /// Thousandths by which payments here differ from the customer's usual ones.
        var level: Int64
    }

    let seed: UInt64
    private(set) var customers: [Customer] = []
    private(set) var terminals: [Terminal] = []
    private(set) var cashMachines: Int
    private(set) var shops: [Terminal] = []

    init(seed: UInt64, customers count: Int) {
        self.seed = seed
        cashMachines = max(4, count / 40)
        terminals = (0..<max(8, count / 4)).map { Self.terminal($0, seed: seed, stream: 1) }
        shops = (0..<max(8, count / 30)).map { Self.terminal($0, seed: seed, stream: 2) }
        customers = (0..<count).map { customer($0) }
    }

    private static func entity(_ kind: UInt64, _ number: Int) -> UInt64 {
        kind << 40 | UInt64(number)
    }

    private static func terminal(_ number: Int, seed: UInt64, stream: UInt64) -> Terminal {
        var random = RandomStream(seed: seed, entity: entity(stream, number))
        let trade = random.element(of: Catalogue.trades)
        return Terminal(
            country: random.element(of: Catalogue.homeCountries), mcc: trade.mcc,
            level: trade.level)
    }

    private func customer(_ number: Int) -> Customer {
        var random = RandomStream(seed: seed, entity: Self.entity(3, number))
        let income = 260_000 * random.draw(.logNormalNarrow) / 1000
        let habit = random.draw(.logNormalNarrow)
        return Customer(
            profile: Payment.Profile(
                home: random.element(of: Catalogue.homeCountries), incomeCents: income,
                balanceCents: income * random.draw(.logNormalWide) / 1000,
                cardFunding: random.chance(perMille: 700) ? "debit" : "credit",
                accountAgeDays: 2 + 900 * random.draw(.exponential) / 1000),
            medianCents: max(400, income / 100 * habit / 1000),
            terminals: (0..<8).map { _ in random.index(terminals.count) },
            cashMachine: random.index(cashMachines),
            payees: (0..<5).map { _ in random.index(customersHint) },
            os: random.element(of: Catalogue.systems),
            browser: random.element(of: Catalogue.browsers),
            addressSuffix: random.index(1 << 16))
    }

    /// Payees are numbered apart from customers; there are as many as there are shops times ten.
    private var customersHint: Int { shops.count * 10 }
}

/// The fixed lists a population is drawn from.
enum Catalogue {
    /// Weighted by repetition.
    static let homeCountries = ["DE", "DE", "DE", "DE", "FR", "FR", "NL", "AT", "ES", "IT"]
    static let farCountries = ["US", "GB", "BR", "TH", "NG", "UA", "VN", "MX"]
    static let systems = ["Android", "Android", "iOS", "iOS", "Windows", "macOS"]
    static let browsers = ["Chrome", "Chrome", "Safari", "Firefox", "Edge"]

    struct Trade: Sendable {
        var mcc: String
        var level: Int64
    }

    /// ISO 18245 codes: groceries, restaurants, fuel, fast food, drug stores, clothing, hardware,
    /// electronics, jewellery, airlines.
    static let trades = [
        Trade(mcc: "5411", level: 1100), Trade(mcc: "5411", level: 1000),
        Trade(mcc: "5411", level: 900), Trade(mcc: "5812", level: 1200),
        Trade(mcc: "5541", level: 1800), Trade(mcc: "5814", level: 450),
        Trade(mcc: "5912", level: 700), Trade(mcc: "5651", level: 2200),
        Trade(mcc: "5251", level: 1900), Trade(mcc: "5732", level: 6000),
        Trade(mcc: "5944", level: 8000), Trade(mcc: "4511", level: 9000),
    ]

    /// How busy each hour of the day is, in thousandths of the mean hour; they add up to 24,000.
    static let hours: [Int64] = [
        180, 110, 80, 70, 90, 200, 450, 800, 1150, 1300, 1400, 1550,
        1750, 1550, 1400, 1400, 1550, 1850, 1950, 1750, 1350, 1000, 700, 370,
    ]
}
