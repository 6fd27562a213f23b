/// One fraudster at work: where they are in their scheme, and when they move next.
struct FraudEpisode: Sendable {
    let pattern: FraudPattern
    /// The victims in turn; one, except at a compromised terminal.
    private let victims: [Int]
    private var remaining: Int
    private var step = 0
    private(set) var next: Int64
    private var random: RandomStream
    private let installID: String
    private let country: String
    private let shop: Int
    private let hidden: Bool

    /// The chance of each pattern in thousandths, with the mean number of payments it makes.
    static let mix: [(pattern: FraudPattern, perMille: Int, meanPayments: Int)] = [
        (.cardTesting, 180, 14), (.stolenCard, 420, 4), (.accountTakeover, 300, 2),
        (.terminalCompromise, 100, 8),
    ]

    /// Payments that an episode makes on average, in thousandths.
    static var meanPaymentsPerMille: Int {
        mix.reduce(0) { $0 + $1.perMille * $1.meanPayments }
    }

    init(number: Int, at start: Int64, seed: UInt64, population: Population) {
        var random = RandomStream(seed: seed, entity: 4 << 40 | UInt64(number))
        var roll = random.index(1000)
        var chosen = Self.mix[0].pattern
        for entry in Self.mix {
            chosen = entry.pattern
            if roll < entry.perMille { break }
            roll -= entry.perMille
        }
        pattern = chosen
        switch chosen {
        case .cardTesting: remaining = random.number(in: 9...19)
        case .stolenCard: remaining = random.number(in: 2...6)
        case .accountTakeover: remaining = random.number(in: 1...3)
        case .terminalCompromise, .none: remaining = random.number(in: 5...11)
        }
        let victimCount = chosen == .terminalCompromise ? remaining : 1
        victims = (0..<victimCount).map { _ in random.index(population.customers.count) }
        next = start + Int64(random.number(in: 0...600_000))
        installID = "dev-x\(number)-\(random.index(1 << 20))"
        country = random.element(of: Catalogue.farCountries)
        shop = random.index(population.shops.count)
        hidden = random.chance(perMille: 700)
        self.random = random
    }

    var isOver: Bool { remaining == 0 }

    /// The fraudster's next payment; the episode then waits for the one after it.
    mutating func pay(number: Int, population: Population) -> Payment {
        let customer = victims[step % victims.count]
        let victim = population.customers[customer]
        var payment = Payment(
            number: number, milliseconds: next, kind: .purchase, channel: .web, cents: 0,
            country: victim.profile.home, customer: customer, profile: victim.profile)
        payment.pattern = pattern
        switch pattern {
        case .cardTesting, .none: testCard(&payment, victim, population)
        case .stolenCard: spend(&payment, victim, population)
        case .accountTakeover: transfer(&payment, victim)
        case .terminalCompromise: withdraw(&payment, victim)
        }
        step += 1
        remaining -= 1
        return payment
    }

    private mutating func testCard(
        _ payment: inout Payment, _ victim: Population.Customer, _ population: Population
    ) {
        let last = remaining == 1
        payment.cents =
            last
            ? victim.medianCents * Int64(random.number(in: 5...12))
            : Int64(random.number(in: 50...350))
        payment.merchant = "shop-\(shop)"
        payment.mcc = population.shops[shop].mcc
        payment.cvv = random.chance(perMille: last ? 100 : 550) ? "fail" : "pass"
        payment.device = foreignDevice(automated: true)
        payment.network = network()
        next += Int64(random.number(in: 10_000...75_000))
    }

    private mutating func spend(
        _ payment: inout Payment, _ victim: Population.Customer, _ population: Population
    ) {
        payment.cents = victim.medianCents * random.draw(.logNormalNarrow) * 8 / 1000
        let online = random.chance(perMille: 600)
        if online {
            let place = random.index(population.shops.count)
            payment.merchant = "shop-\(place)"
            payment.mcc = population.shops[place].mcc
            payment.cvv = random.chance(perMille: 250) ? "fail" : "pass"
            payment.device = foreignDevice(automated: false)
            payment.network = network()
        } else {
            let terminal = random.index(population.terminals.count)
            payment.channel = .pos
            payment.terminal = "term-\(terminal)"
            payment.merchant = "merch-\(terminal)"
            payment.mcc = population.terminals[terminal].mcc
            payment.country =
                random.chance(perMille: 400) ? country : population.terminals[terminal].country
        }
        next += Int64(random.number(in: 120_000...2_400_000))
    }

    private mutating func transfer(_ payment: inout Payment, _ victim: Population.Customer) {
        payment.kind = .transfer
        payment.channel = random.chance(perMille: 600) ? .web : .app
        let share = Int64(random.number(in: 30...95))
        payment.cents = max(5_000, victim.profile.balanceCents * share / 100)
        payment.usesCard = false
        payment.payee = "payee-x\(installID.hashFree % 100_000)"
        payment.device = foreignDevice(automated: false)
        payment.device?.remoteAccess = random.chance(perMille: 350)
        payment.network = network()
        next += Int64(random.number(in: 180_000...1_500_000))
    }

    private mutating func withdraw(_ payment: inout Payment, _ victim: Population.Customer) {
        payment.kind = .withdrawal
        payment.channel = .atm
        payment.cents = Int64(random.number(in: 10...25)) * 2_000
        payment.country = country
        payment.terminal = "atm-x\(shop)"
        payment.mcc = "6011"
        next += Int64(random.number(in: 60_000...420_000))
    }

    private mutating func foreignDevice(automated: Bool) -> Payment.Device {
        Payment.Device(
            installID: installID, canvas: random.chance(perMille: 400) ? "" : "c-\(installID)",
            os: random.element(of: Catalogue.systems),
            browser: random.element(of: Catalogue.browsers),
            headless: automated && random.chance(perMille: 500),
            webdriver: automated && random.chance(perMille: 350))
    }

    private mutating func network() -> Payment.Network {
        let tor = hidden && random.chance(perMille: 350)
        return Payment.Network(
            address: "198.51.100.\(random.index(256))", country: country,
            isVPN: hidden && !tor, isTor: tor)
    }
}

extension String {
    /// The same number for the same text in every process (FNV-1a), unlike `hashValue`.
    fileprivate var hashFree: UInt64 {
        utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
