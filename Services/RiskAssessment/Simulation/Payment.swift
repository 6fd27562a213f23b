/// What a fraudulent payment is part of; `none` for an honest one.
public enum FraudPattern: String, Sendable, Hashable, CaseIterable {
    case none
    /// Many tiny online payments that find out whether a stolen card works, then one that takes.
    case cardTesting = "card_testing"
    /// A stolen card is emptied with a few high payments.
    case stolenCard = "stolen_card"
    /// Someone else is logged in: a new device, a hidden address, transfers to a new payee.
    case accountTakeover = "account_takeover"
    /// A terminal copies the cards used at it; the copies withdraw cash abroad.
    case terminalCompromise = "terminal_compromise"
}

/// One simulated payment and the truth about it. Amounts are in cents, times in milliseconds since
/// 1970-01-01T00:00Z.
public struct Payment: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case purchase, transfer, withdrawal
    }

    public enum Channel: String, Sendable, Hashable {
        case pos, atm, web, app
    }

    /// The device a payment came from, when it came over the network.
    public struct Device: Sendable, Hashable {
        public var installID: String
        /// What the browser draws, as a hash; empty when it is hidden.
        public var canvas: String
        public var os: String
        public var browser: String
        public var headless = false
        public var webdriver = false
        public var remoteAccess = false
    }

    public struct Network: Sendable, Hashable {
        public var address: String
        public var country: String
        public var isVPN = false
        public var isTor = false
    }

    /// What the bank knows of the customer.
    public struct Profile: Sendable, Hashable {
        /// Where the customer lives, and the card was issued.
        public var home: String
        public var incomeCents: Int64
        public var balanceCents: Int64
        public var cardFunding: String
        public var accountAgeDays: Int64
    }

    /// Position in the stream, from 0.
    public var number: Int
    public var milliseconds: Int64
    public var kind: Kind
    public var channel: Channel
    public var cents: Int64
    /// Where it happened.
    public var country: String
    public var customer: Int
    public var profile: Profile
    public var mcc = ""
    public var merchant: String?
    public var terminal: String?
    public var payee: String?
    /// Whether the card was in it: purchases and withdrawals, not transfers.
    public var usesCard = true
    public var cvv = ""
    public var device: Device?
    public var network: Network?
    /// The truth, which no request carries.
    public var pattern: FraudPattern = .none

    public var isFraud: Bool { pattern != .none }
}
