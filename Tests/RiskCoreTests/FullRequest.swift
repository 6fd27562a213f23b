import AssayMessages
import Wire

/// A payment that has every part and every field that facts are bound to.
enum FullRequest {
    /// 2026-03-01T12:00:00Z.
    static let second: Int64 = 1_772_366_400

    static func ago(_ seconds: Int64) -> Timestamp {
        Timestamp(seconds: second - seconds) ?? .blank()
    }

    static func payment(_ id: String = "full-1") -> AssayRiskV1.AssessTransactionRequest {
        AssayRiskV1.AssessTransactionRequest(
            requestID: id, transaction: transaction(id), industry: .fintech, account: account,
            customer: customer, payee: AssayRiskV1.Payee(payeeID: "payee-9"), identity: identity,
            phone: AssayRiskV1.Phone(
                number: "+43 1 234567", country: "at", portedAt: ago(40 * 86_400),
                simSwappedAt: ago(7_300), verified: true, voip: false),
            email: AssayRiskV1.Email(
                address: "Max.4711@Mail.Example", country: "AT", domainAgeDays: 900),
            address: AssayRiskV1.Address(
                billingCountry: "AT", shippingCountry: "DE",
                shipping: "Hauptstrasse  1, 10115 Berlin",
                billingPlace: AssayRiskV1.Place(latitude: 48.2082, longitude: 16.3738),
                shippingPlace: AssayRiskV1.Place(latitude: 52.52, longitude: 13.405)),
            device: device, network: network, session: session, card: card, loan: loan,
            bureau: AssayRiskV1.Bureau(
                creditHistory: "paid", existingCredits: 2, monthsSinceBankruptcy: 80,
                thinFile: false),
            crypto: AssayRiskV1.Crypto(
                asset: "BTC", contractRisk: 10, darknetShare: 0.01, gasRatio: 1.1, mixerHops: 6,
                walletAddress: "bc1q", walletAgeDays: 500, walletRisk: 12),
            bet: AssayRiskV1.Bet(
                arbScore: 0.1, correlatedAccounts: 0, hedgedShare: 0.2, secondsAfterEvent: 30,
                stakeRatio: 1.5, steamShare: 0.1),
            shop: AssayRiskV1.Shop(
                addressChangedAfterAuth: false, category: "books", digital: false, express: true,
                giftCardShare: 0, guest: false, maxQuantity: 2),
            marketplace: AssayRiskV1.Marketplace(
                priceRatio: 0.9, sellerRating: 4.5, sellerRatings: 120, sharedDevice: false,
                sharedPayment: false),
            screening: AssayRiskV1.Screening(adverseMediaHits: 0, sanctionsScore: 0.1),
            consortium: AssayRiskV1.Consortium(deviceReports: 0, emailReports: 1))
    }

    private static func transaction(_ id: String) -> AssayRiskV1.Transaction {
        AssayRiskV1.Transaction(
            transactionID: "t-" + id, occurredAt: ago(0), utcOffsetMin: 60,
            amount: Money("125.50", "EUR"), type: "transfer", channel: "app", country: "de",
            originCountry: "AT", mcc: "5411", merchantID: "m-1", terminalID: "term-1",
            purpose: "invoice", confirmationOfPayee: "none", payeeChangedHours: 3)
    }

    private static let account = AssayRiskV1.Account(
        accountID: "acct-1", currency: "EUR", status: "active", balance: Money("900.00", "EUR"),
        isBusiness: false, openedAt: ago(20 * 86_400 + 59), reopenedAt: ago(86_400),
        transactionLimit: Money("5000.00", "EUR"))

    private static let customer = AssayRiskV1.Customer(
        customerID: "cust-1", country: "AT", monthlyIncome: Money("3100.00", "EUR"),
        businessType: "retail", nexusCountries: ["de", "CH"], pep: false, pepRelated: false,
        name: "Max Mustermann")

    private static let identity = AssayRiskV1.Identity(
        dateOfBirth: CalendarDate(year: 1980, month: 3, day: 2), addressVerified: true,
        businessVerified: true, deceased: false, dobMatch: true, docTamperScore: 0.1,
        hasNationalID: true, idChecked: true, livenessFailed: false, nameMatch: true,
        selfieScore: 0.95, tierLimit: Money("10000.00", "EUR"))

    private static let device = AssayRiskV1.Device(
        canvasFingerprint: "c0ffee", webglFingerprint: "beef", gpuInfo: "Adreno (TM) 740",
        browser: "Chrome", os: "Mac OS X",
        userAgent:
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile",
        rooted: false, webdriver: false, headless: false, remoteAccess: false, installID: "i-1",
        browserVersion: "120.0.6099.43", languages: ["de-AT", "de", "zh-Hant-TW", "en-at"],
        screen: AssayRiskV1.Screen(width: 412, height: 915), utcOffsetMin: 60,
        canvasRepeatDiffers: false, vm: false, debugger: false, clonedApp: false,
        incognito: false, mockLocation: false, screenShare: false, malware: false, mobile: true,
        attestation: "pass", connection: "wifi", factoryResetAt: ago(86_400 * 90),
        location: AssayRiskV1.Place(latitude: 48.2, longitude: 16.37))

    private static let network = AssayRiskV1.Network(
        address: "2001:db8:0:1::7", country: "AT", isVpn: false, isTor: false, isProxy: false,
        isDatacenter: false, isMobile: true, isResidentialProxy: false, risk: 5, asn: "AS64500",
        forwardHops: 1, utcOffsetMin: 60)

    private static let session = AssayRiskV1.Session(
        callActive: false, events: 40, formMs: 12_000, intervalCv: 0.8, ja4: "t13d",
        keystrokeZ: 0.4,
        loginCountryNew: false, mfaFailures: 0, mouse: "none", mouseEvents: 0, pages: 4,
        pastedPassword: false, pastedPayee: true, seconds: 190, tabSwitches: 1,
        tokenDeviceChanged: false, tokenIPChanged: false, touchSd: 0.3, typingWpm: 38)

    private static let card = AssayRiskV1.Card(
        token: "tok-1", country: "AT", funding: "debit", cvv: "pass", avs: "none", expired: false,
        threeDs: "fail", bin: "530000", holderName: "MUSTERMANN/MAX")

    private static let loan = AssayRiskV1.Loan(
        purpose: "car", daysSinceDisbursement: 400, daysSinceRejection: 700,
        declaredIncome: Money("3200.00", "EUR"), verifiedIncome: Money("3100.00", "EUR"),
        incomeVerified: true, docTamperScore: 0.05, employerCheck: "match", employment: "permanent",
        existingLoans: 1, fieldConflicts: 0, formSeconds: 600,
        productMax: Money("20000.00", "EUR"), repaidShare: 0.6)
}
