/// What to simulate.
public struct SimulationPlan: Sendable, Hashable {
    /// Names the world: its people, its frauds, and every id that appears in a request.
    public var seed: UInt64
    public var payments: Int
    public var customers: Int
    /// When the first payment may happen, in milliseconds since 1970.
    public var startMilliseconds: Int64
    /// How long the payments are spread over.
    public var spanMilliseconds: Int64
    /// Fraudulent payments per thousand, on average.
    public var fraudPerMille: Int

    public init(
        seed: UInt64 = 1, payments: Int, customers: Int? = nil,
        startMilliseconds: Int64 = 1_767_571_200_000, spanMilliseconds: Int64 = 129_600_000,
        fraudPerMille: Int = 10
    ) {
        self.seed = seed
        self.payments = max(0, payments)
        self.customers = max(20, customers ?? payments / 4)
        self.startMilliseconds = startMilliseconds
        self.spanMilliseconds = max(1, spanMilliseconds)
        self.fraudPerMille = min(max(0, fraudPerMille), 500)
    }
}

/// The payments of a plan in the order of their times: equal plans give equal payments.
public struct PaymentStream: Sequence, IteratorProtocol, Sendable {
    private let plan: SimulationPlan
    private let population: Population
    private var random: RandomStream
    private var produced = 0
    private var episodesStarted = 0
    private var episodes: [FraudEpisode] = []
    private var nextHonest: Int64

    /// Episodes under way at once; a plan that would need more starts them later.
    private static let maximumEpisodes = 1024

    public init(_ plan: SimulationPlan) {
        self.plan = plan
        population = Population(seed: plan.seed, customers: plan.customers)
        random = RandomStream(seed: plan.seed, entity: 5 << 40)
        nextHonest = plan.startMilliseconds
        advanceHonest()
    }

    public mutating func next() -> Payment? {
        guard produced < plan.payments else { return nil }
        defer { produced += 1 }
        if let index = earliestEpisode(), episodes[index].next <= nextHonest {
            let payment = episodes[index].pay(number: produced, population: population)
            if episodes[index].isOver { episodes.swapAt(index, episodes.count - 1) }
            if episodes.last?.isOver == true { episodes.removeLast() }
            return payment
        }
        let payment = honestPayment()
        startEpisodePerhaps()
        advanceHonest()
        return payment
    }

    private func earliestEpisode() -> Int? {
        episodes.indices.min { episodes[$0].next < episodes[$1].next }
    }

    /// Gaps are exponential; their mean follows the hour of the day.
    private mutating func advanceHonest() {
        let mean = plan.spanMilliseconds / Int64(Swift.max(1, plan.payments))
        let hour = Int(nextHonest / 3_600_000 % 24)
        let busy = Catalogue.hours[hour < 0 ? hour + 24 : hour]
        nextHonest += Swift.max(1, mean * random.draw(.exponential) / busy)
    }

    /// After each honest payment a fraud may begin; the odds make the planned share of payments.
    private mutating func startEpisodePerhaps() {
        guard episodes.count < Self.maximumEpisodes else { return }
        let odds = UInt64(plan.fraudPerMille) * 1_000_000
        let against = UInt64(1000 - plan.fraudPerMille) * UInt64(FraudEpisode.meanPaymentsPerMille)
        guard random.below(1_000_000) < odds * 1000 / against else { return }
        episodes.append(
            FraudEpisode(
                number: episodesStarted, at: nextHonest, seed: plan.seed, population: population))
        episodesStarted += 1
    }

    private mutating func honestPayment() -> Payment {
        let number = random.index(population.customers.count)
        let customer = population.customers[number]
        var payment = Payment(
            number: produced, milliseconds: nextHonest, kind: .purchase, channel: .pos, cents: 0,
            country: customer.profile.home, customer: number, profile: customer.profile)
        switch random.index(100) {
        case 0..<58: buyAtTerminal(&payment, customer)
        case 58..<84: buyOnline(&payment, customer)
        case 84..<91: withdraw(&payment, customer)
        default: transfer(&payment, customer)
        }
        return payment
    }

    private mutating func amount(_ customer: Population.Customer, level: Int64) -> Int64 {
        let usual = customer.medianCents * level / 1000 * random.draw(.logNormalWide) / 1000
        // Now and then something large is bought that is no fraud.
        return Swift.max(50, random.chance(perMille: 4) ? usual * 8 : usual)
    }

    private mutating func buyAtTerminal(_ payment: inout Payment, _ customer: Population.Customer) {
        let travels = random.chance(perMille: 15)
        let place =
            travels
            ? random.index(population.terminals.count)
            : random.element(of: customer.terminals)
        let terminal = population.terminals[place]
        payment.cents = amount(customer, level: terminal.level)
        payment.terminal = "term-\(place)"
        payment.merchant = "merch-\(place)"
        payment.mcc = terminal.mcc
        if travels { payment.country = random.element(of: Catalogue.farCountries) }
    }

    private mutating func buyOnline(_ payment: inout Payment, _ customer: Population.Customer) {
        let place = random.index(population.shops.count)
        let shop = population.shops[place]
        payment.channel = random.chance(perMille: 550) ? .web : .app
        payment.cents = amount(customer, level: shop.level)
        payment.merchant = "shop-\(place)"
        payment.mcc = shop.mcc
        payment.cvv = random.chance(perMille: 20) ? "fail" : "pass"
        connect(&payment, customer)
    }

    private mutating func withdraw(_ payment: inout Payment, _ customer: Population.Customer) {
        payment.kind = .withdrawal
        payment.channel = .atm
        payment.cents = Int64(random.number(in: 1...15)) * 2_000
        payment.terminal = "atm-\(customer.cashMachine)"
        payment.mcc = "6011"
    }

    private mutating func transfer(_ payment: inout Payment, _ customer: Population.Customer) {
        payment.kind = .transfer
        payment.channel = random.chance(perMille: 500) ? .web : .app
        payment.cents = amount(customer, level: 3500)
        payment.usesCard = false
        payment.payee = "payee-\(random.element(of: customer.payees))"
        connect(&payment, customer)
    }

    private mutating func connect(_ payment: inout Payment, _ customer: Population.Customer) {
        let fresh = random.chance(perMille: 8)
        let installID = "dev-\(payment.customer)" + (fresh ? "-\(produced)" : "")
        payment.device = Payment.Device(
            installID: installID,
            canvas: random.chance(perMille: 30) ? "" : "c-\(installID)", os: customer.os,
            browser: customer.browser)
        payment.network = Payment.Network(
            address: "203.0.\(customer.addressSuffix >> 8).\(customer.addressSuffix & 0xFF)",
            country: payment.country, isVPN: random.chance(perMille: 25),
            isTor: random.chance(perMille: 1))
    }
}
