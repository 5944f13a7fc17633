"""The estate of Acme: names, tables and people of the seeded world, as plain constants.

A room of its own so that `seed.py` can be read as what it does; here is only what it does it with. Domains and tables
look like those of a real company (FACTS 6): public schema sets, the exports of well-known services, tables of its own.
Must never be imported by anything but `seed.py` and its tests, and never holds anything about a real person.

A table is one line: its name, then its columns. A word that stands in `GROUPS` means several columns; the type of a
column follows from its name (`TYPES`), its tags and the policy on it from `TAGGED` and `MASKED`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

COMPANY: Final = "acme"
MAIL: Final = "acme.example"
SNOWFLAKE: Final = "acme.snowflakecomputing.com"
DATABRICKS: Final = "acme.cloud.databricks.com"

SALES: Final = "Sales"
MARKETING: Final = "Marketing"
FINANCE: Final = "Finance"
PEOPLE: Final = "Human Resources"
SUPPLY: Final = "Supply Chain"
CARE: Final = "Customer Care"
DIGITAL: Final = "Digital Products"
REFERENCE: Final = "Reference Data"

DOMAINS: Final[dict[str, str]] = {
    SALES: "A collection of data sources relevant to sales in stores, by catalog and online",
    MARKETING: "Campaigns, audiences and attribution",
    FINANCE: "Ledgers, payments and planning",
    PEOPLE: "Employees, payroll and recruiting. Access is reviewed by the HR stewards",
    SUPPLY: "Suppliers, warehouses and shipments",
    CARE: "Tickets, calls and satisfaction",
    DIGITAL: "Events of the web shop and the app",
    REFERENCE: "Lists that everybody joins to: countries, currencies, calendars",
}
"""Name -> description."""


class Schema(NamedTuple):
    """A schema and its tables. `tables` is one line per table; `domains` are those that all of them are in."""

    platform: str
    database: str
    name: str
    domains: tuple[str, ...]
    tables: str


SCHEMAS: Final = (
    Schema(
        "Snowflake",
        "ANALYTICS",
        "SALES",
        (SALES,),
        """
        ORDERS              order_id customer_id store_id order_date status amount currency
        ORDER_ITEMS         order_id line_number product_id quantity unit_price discount
        ORDER_DISCOUNTS     order_id promotion_id discount
        ORDER_STATUS_LOG    order_id status changed_at changed_by
        RETURNS             return_id order_id customer_id return_date amount reason
        RETURN_ITEMS        return_id line_number product_id quantity
        CUSTOMERS           customer_id person birth_date customer_since
        CUSTOMER_ADDRESSES  customer_id address valid_from valid_to
        CUSTOMER_SEGMENTS   customer_id segment assigned_at
        STORES              store_id store_name address opened_on
        STORE_REGIONS       region_id region_name manager_email
        SALES_REPS          rep_id person region_id hired_on
        SALES_TARGETS       rep_id quarter amount currency
        QUOTES              quote_id customer_id rep_id quoted_at amount currency
        QUOTE_ITEMS         quote_id line_number product_id quantity unit_price
        CONTRACTS           contract_id customer_id starts_on ends_on amount
        PRICE_LISTS         price_list_id product_id unit_price currency valid_from valid_to
        PIPELINE_SNAPSHOT   snapshot_date stage region_id amount
        FACT_ORDERS_DAILY   date_key store_id orders amount
        FACT_RETURNS_DAILY  date_key store_id returns amount
        FACT_STORE_SALES    date_key store_id product_id quantity amount
        FACT_WEB_SALES      date_key product_id quantity amount
        FACT_CATALOG_SALES  date_key product_id quantity amount
        DIM_CUSTOMER        customer_key customer_id segment country
        DIM_STORE           store_key store_id region_name country
        DIM_PROMOTION       promotion_key promotion_id channel starts_on ends_on
        ONLINE_2023_11      order_id customer_id order_date amount
        WEB_2024            order_id customer_id order_date amount
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "RETAIL",
        (SALES,),
        """
        CALL_CENTER             call_center_id center_name manager_name address
        CATALOG_PAGE            catalog_page_id department description
        CATALOG_RETURNS         returned_date_key product_id customer_id quantity amount
        CATALOG_SALES           sold_date_key product_id customer_id quantity amount
        CUSTOMER                customer_key person birth_date
        CUSTOMER_ADDRESS        address_key address
        CUSTOMER_DEMOGRAPHICS   demographics_key gender marital_status education
        DATE_DIM                date_key calendar_date fiscal_year fiscal_quarter
        HOUSEHOLD_DEMOGRAPHICS  household_key income_band_key dependants vehicles
        INCOME_BAND             income_band_key lower_bound upper_bound
        INVENTORY               date_key product_id warehouse_id quantity
        ITEM                    item_key product_id description unit_price brand
        PROMOTION               promotion_key promotion_id channel cost
        REASON                  reason_key description
        SHIP_MODE               ship_mode_key carrier contract_id
        STORE                   store_key store_id store_name address
        STORE_RETURNS           returned_date_key product_id customer_id store_id amount
        STORE_SALES             sold_date_key product_id customer_id store_id amount
        TIME_DIM                time_key hour minute shift
        WAREHOUSE               warehouse_key warehouse_id address
        WEB_PAGE                web_page_key url created_at
        WEB_RETURNS             returned_date_key product_id customer_id amount
        WEB_SALES               sold_date_key product_id customer_id amount
        WEB_SITE                web_site_key site_name opened_on
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "SALES",
        (SALES,),
        """
        ORDERS     order_id customer_id payload loaded_at
        PAYMENTS   payment_id order_id card amount loaded_at
        DELIVERIES delivery_id order_id address loaded_at
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "EXPORTS",
        (SALES,),
        """
        ORDERS.V2  order_id customer_id payload exported_at
        ORDERS.V1  order_id customer_id payload exported_at
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "SALESFORCE",
        (SALES,),
        """
        ACCOUNT                account_id account_name address owner_id
        CONTACT                contact_id account_id person
        LEAD                   lead_id person company source
        OPPORTUNITY            opportunity_id account_id stage amount closes_on
        OPPORTUNITY_LINE_ITEM  opportunity_id product_id quantity unit_price
        OPPORTUNITY_HISTORY    opportunity_id stage changed_at
        CAMPAIGN               campaign_id campaign_name starts_on ends_on
        CAMPAIGN_MEMBER        campaign_id contact_id status
        TASK                   task_id owner_id subject due_on
        EVENT                  event_id owner_id subject starts_at
        USER                   user_id person is_active
        PRODUCT2               product_id product_name is_active
        PRICEBOOK2             pricebook_id pricebook_name is_active
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "retail_de",
        (SALES,),
        """
        umsätze      filiale_id datum amount currency
        filialen     filiale_id store_name address
        kassenbons   bon_id filiale_id gekauft_at amount
        kundenkarten karte_id person ausgestellt_on
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "MARKETING",
        (MARKETING,),
        """
        CAMPAIGNS             campaign_id campaign_name channel starts_on ends_on budget
        CAMPAIGN_RESULTS      campaign_id date_key impressions clicks conversions
        CAMPAIGN_COSTS        campaign_id date_key cost currency
        AUDIENCES             audience_id audience_name rule created_at
        AUDIENCE_MEMBERS      audience_id customer_id added_at
        EMAIL_SENDS           send_id campaign_id email sent_at
        EMAIL_OPENS           send_id opened_at ip_address
        EMAIL_CLICKS          send_id clicked_at url ip_address
        EMAIL_UNSUBSCRIBES    email unsubscribed_at reason
        CONSENTS              customer_id purpose granted_at revoked_at
        PREFERENCES           customer_id language channel
        LOYALTY_MEMBERS       member_id customer_id tier joined_on
        LOYALTY_POINTS        member_id points earned_at
        COUPONS               coupon_id campaign_id discount valid_to
        COUPON_REDEMPTIONS    coupon_id order_id redeemed_at
        SURVEYS               survey_id title sent_at
        SURVEY_ANSWERS        survey_id customer_id question answer
        BRAND_TRACKING        month brand awareness consideration
        FACT_CAMPAIGN_DAILY   date_key campaign_id cost clicks conversions
        FACT_EMAIL_DAILY      date_key campaign_id sent opened clicked
        DIM_CAMPAIGN          campaign_key campaign_id channel
        DIM_CHANNEL           channel_key channel is_paid
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "GOOGLE_ADS",
        (MARKETING,),
        """
        ACCOUNT       account_id account_name currency
        CAMPAIGN      campaign_id campaign_name status budget
        AD_GROUP      ad_group_id campaign_id status
        AD            ad_id ad_group_id headline url
        KEYWORD       keyword_id ad_group_id keyword match_type
        CLICK         click_id ad_id clicked_at cost
        CONVERSION    conversion_id click_id converted_at amount
        GEO_TARGET    geo_target_id country region_name
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "HUBSPOT",
        (MARKETING,),
        """
        CONTACT        contact_id person lifecycle_stage
        COMPANY        company_id company address
        DEAL           deal_id company_id stage amount
        EMAIL_EVENT    event_id contact_id type occurred_at
        FORM           form_id title created_at
        FORM_SUBMIT    form_id contact_id submitted_at
        LIST           list_id title
        LIST_MEMBER    list_id contact_id added_at
        LANDING_PAGE   page_id url title
        WORKFLOW       workflow_id title is_active
        """,
    ),
    Schema(
        "Databricks",
        "marketing",
        "attribution",
        (MARKETING,),
        """
        touchpoints      touchpoint_id visitor_id channel occurred_at
        journeys         journey_id visitor_id started_at converted_at
        first_touch      journey_id channel weight
        last_touch       journey_id channel weight
        linear_model     journey_id channel weight
        markov_model     channel removal_effect weight
        channel_spend    channel month cost
        identity_graph   visitor_id customer_id email confidence
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "FINANCE",
        (FINANCE,),
        """
        GENERAL_LEDGER      entry_id account_id posted_on amount currency
        CHART_OF_ACCOUNTS   account_id account_name account_type
        TRIAL_BALANCE       account_id month amount
        BALANCE_SHEET       line month amount
        INCOME_STATEMENT    line month amount
        CASH_FLOW           line month amount
        COST_CENTERS        cost_center_id cost_center manager_email
        BUDGETS             cost_center_id fiscal_year amount
        FORECASTS           cost_center_id month amount
        ACTUALS             cost_center_id month amount
        INVOICES            invoice_id customer_id invoiced_on amount currency
        INVOICE_LINES       invoice_id line_number product_id amount
        PAYMENTS            payment_id invoice_id paid_on amount currency
        PAYMENT_CARDS       payment_id card
        REFUNDS             refund_id payment_id refunded_on amount
        RECEIVABLES         customer_id due_on amount
        PAYABLES            supplier_id due_on amount
        BANK_ACCOUNTS       bank_account_id iban holder_name
        BANK_STATEMENTS     bank_account_id booked_on amount reference
        EXPENSES            expense_id employee_id spent_on amount
        TAX_RETURNS         return_id country fiscal_year amount
        FIXED_ASSETS        asset_id acquired_on amount depreciation
        FACT_LEDGER_MONTHLY month account_id amount
        FACT_PAYMENTS_DAILY date_key payments amount
        FACT_REVENUE_DAILY  date_key product_id amount
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "SAP",
        (FINANCE,),
        """
        BKPF  company_code document_number fiscal_year posted_on
        BSEG  company_code document_number line_number amount
        BSID  customer_id document_number due_on amount
        BSIK  supplier_id document_number due_on amount
        SKA1  account_id account_name
        CSKS  cost_center_id cost_center valid_to
        CEPC  profit_center_id profit_center valid_to
        LFA1  supplier_id supplier_name address
        LFBK  supplier_id iban
        KNA1  customer_id company address
        T001  company_code company country
        TCURR currency valid_from rate
        FAGLFLEXA document_number line_number amount
        ANLA  asset_id description acquired_on
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "STRIPE",
        (FINANCE,),
        """
        CHARGE         charge_id customer_id amount currency created_at
        CARD           card_id customer_id card
        CUSTOMER       customer_id email created_at
        DISPUTE        dispute_id charge_id amount reason
        FEE            fee_id charge_id amount
        INVOICE        invoice_id customer_id amount
        PAYOUT         payout_id amount arrives_on
        REFUND         refund_id charge_id amount
        SUBSCRIPTION   subscription_id customer_id status
        TRANSFER       transfer_id iban amount
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "PEOPLE",
        (PEOPLE,),
        """
        EMPLOYEES            employee_id person birth_date hired_on
        EMPLOYEE_ADDRESSES   employee_id address
        JOB_HISTORY          employee_id job_title starts_on ends_on
        POSITIONS            position_id job_title department_id
        DEPARTMENTS          department_id department manager_email
        HEADCOUNT_MONTHLY    month department_id headcount
        ATTRITION_MONTHLY    month department_id leavers
        SALARIES             employee_id salary currency valid_from
        BONUSES              employee_id fiscal_year bonus
        PAYROLL_RUNS         payroll_id month amount
        PAYROLL_LINES        payroll_id employee_id salary iban
        ABSENCES             employee_id absence_type starts_on ends_on
        SICK_NOTES           employee_id diagnosis starts_on ends_on
        REVIEWS              employee_id review_date rating
        TRAININGS            employee_id course completed_on
        ENGAGEMENT_SCORES    quarter department_id score
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "WORKDAY",
        (PEOPLE,),
        """
        WORKER             worker_id person national_id
        WORKER_POSITION    worker_id position_id starts_on
        ORGANIZATION       organization_id organization
        JOB_PROFILE        job_profile_id job_title
        COMPENSATION       worker_id salary currency
        TIME_OFF           worker_id absence_type starts_on
        CANDIDATE          candidate_id person source
        REQUISITION        requisition_id job_title opened_on
        INTERVIEW          interview_id candidate_id held_at
        OFFER              offer_id candidate_id salary
        PASSPORT           worker_id passport_number country
        LOCATION           location_id address
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "SUPPLY",
        (SUPPLY,),
        """
        SUPPLIERS           supplier_id supplier_name address
        SUPPLIER_CONTACTS   supplier_id person
        SUPPLIER_SCORES     supplier_id quarter score
        PARTS               part_id part_name brand size
        PART_SUPPLIERS      part_id supplier_id quantity cost
        PURCHASE_ORDERS     purchase_order_id supplier_id ordered_on amount
        PURCHASE_LINES      purchase_order_id line_number part_id quantity
        RECEIPTS            receipt_id purchase_order_id received_at
        WAREHOUSES          warehouse_id warehouse_name address
        STOCK_LEVELS        warehouse_id part_id date_key quantity
        STOCK_MOVEMENTS     warehouse_id part_id moved_at quantity
        SHIPMENTS           shipment_id warehouse_id shipped_at carrier
        SHIPMENT_LINES      shipment_id line_number part_id quantity
        CARRIERS            carrier_id carrier country
        FREIGHT_COSTS       shipment_id cost currency
        DEMAND_FORECAST     part_id month quantity
        FACT_STOCK_DAILY    date_key warehouse_id quantity
        FACT_SHIPMENTS_DAILY date_key warehouse_id shipments
        """,
    ),
    Schema(
        "Databricks",
        "logistics",
        "telemetry",
        (SUPPLY,),
        """
        truck_positions    truck_id measured_at latitude longitude
        truck_speed        truck_id measured_at speed
        trailer_temperature trailer_id measured_at temperature
        door_events        trailer_id opened_at closed_at
        fuel_levels        truck_id measured_at litres
        driver_shifts      driver_id driver_name starts_at ends_at
        geofences          geofence_id warehouse_id radius
        route_plans        route_id truck_id planned_on
        """,
    ),
    Schema(
        "Databricks",
        "logistics",
        "warehouse",
        (SUPPLY,),
        """
        pick_events      picker_id part_id picked_at
        pack_events      packer_id shipment_id packed_at
        conveyor_counts  conveyor_id measured_at parcels
        bin_locations    bin_id warehouse_id aisle shelf
        cycle_counts     bin_id part_id counted_on quantity
        robot_missions   robot_id started_at ended_at
        robot_faults     robot_id fault occurred_at
        dock_slots       dock_id carrier_id starts_at
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "SUPPORT",
        (CARE,),
        """
        TICKETS             ticket_id customer_id opened_at closed_at priority
        TICKET_COMMENTS     ticket_id author_email comment written_at
        TICKET_TAGS         ticket_id tag
        AGENTS              agent_id person team
        AGENT_SHIFTS        agent_id starts_at ends_at
        CALLS               call_id customer_id agent_id phone started_at
        CALL_TRANSCRIPTS    call_id transcript
        CHATS               chat_id customer_id agent_id started_at
        SATISFACTION        ticket_id score answered_at
        ESCALATIONS         ticket_id team escalated_at
        SERVICE_LEVELS      priority hours
        WARRANTY_CLAIMS     claim_id customer_id product_id amount
        FACT_TICKETS_DAILY  date_key team tickets
        FACT_CALLS_DAILY    date_key team calls
        """,
    ),
    Schema(
        "Snowflake",
        "RAW",
        "ZENDESK",
        (CARE,),
        """
        TICKET         ticket_id requester_id status created_at
        TICKET_EVENT   ticket_id event created_at
        TICKET_FORM    form_id title
        USER           user_id person role
        ORGANIZATION   organization_id organization
        GROUP          group_id group_name
        MACRO          macro_id title
        SLA_POLICY     policy_id title
        BRAND          brand_id brand
        SATISFACTION_RATING rating_id ticket_id score
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "contact_center",
        (CARE,),
        """
        call_audio_index    call_id recorded_at seconds
        speech_to_text      call_id transcript confidence
        sentiment           call_id score
        topics              call_id topic weight
        bot_sessions        session_id visitor_id started_at
        bot_intents         session_id intent confidence
        handovers           session_id agent_id handed_over_at
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "web",
        (DIGITAL, MARKETING),
        """
        clicks        event_id session_id visitor_id page_url occurred_at
        page_views    event_id session_id page_url occurred_at
        sessions      session_id visitor_id ip_address started_at
        searches      event_id session_id query occurred_at
        carts         cart_id session_id product_id quantity
        checkouts     checkout_id cart_id amount
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "web_ops",
        (DIGITAL,),
        """
        errors        event_id page_url message occurred_at
        performance   page_url first_paint largest_paint measured_at
        bots          ip_address user_agent seen_at
        redirects     source_url target_url
        logins        visitor_id email ip_address occurred_at
        accounts      account_id person created_at
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "app",
        (DIGITAL,),
        """
        app_opens        event_id device_id opened_at
        screens          event_id device_id screen
        crashes          crash_id device_id app_version occurred_at
        devices          device_id model os_version
        push_sends       push_id device_id sent_at
        push_opens       push_id opened_at
        installs         device_id installed_at source
        uninstalls       device_id uninstalled_at
        locations        device_id latitude longitude measured_at
        """,
    ),
    Schema(
        "Databricks",
        "main",
        "experiments",
        (DIGITAL,),
        """
        experiments   experiment_id title starts_on ends_on
        variants      experiment_id variant share
        exposures     experiment_id variant visitor_id exposed_at
        metrics       experiment_id metric value
        results       experiment_id variant metric uplift
        """,
    ),
    Schema(
        "Snowflake",
        "ANALYTICS",
        "REFERENCE",
        (REFERENCE,),
        """
        COUNTRIES         country country_name region_name
        CURRENCIES        currency currency_name
        EXCHANGE_RATES    currency valid_from rate
        CALENDAR          calendar_date fiscal_year fiscal_quarter is_holiday
        HOLIDAYS          country calendar_date holiday
        LANGUAGES         language language_name
        TIME_ZONES        time_zone utc_offset
        UNITS             unit unit_name
        INDUSTRIES        industry_code industry
        PRODUCT_CATEGORIES category_id category parent_id
        PRODUCTS          product_id product_name category_id brand
        LEGAL_ENTITIES    company_code company country
        POSTAL_CODES      postal_code city country
        """,
    ),
)

SHARED: Final[dict[str, tuple[str, ...]]] = {
    "ANALYTICS.REFERENCE.COUNTRIES": (SALES, MARKETING, FINANCE, SUPPLY),
    "ANALYTICS.REFERENCE.CURRENCIES": (SALES, FINANCE),
    "ANALYTICS.REFERENCE.EXCHANGE_RATES": (FINANCE,),
    "ANALYTICS.REFERENCE.CALENDAR": (SALES, MARKETING, FINANCE, PEOPLE, SUPPLY, CARE),
    "ANALYTICS.REFERENCE.PRODUCTS": (SALES, SUPPLY),
    "ANALYTICS.SALES.CUSTOMERS": (MARKETING, CARE),
    "ANALYTICS.FINANCE.INVOICES": (SALES,),
}
"""Path -> the domains that the table is in besides those of its schema."""

DISPLAY_NAMES: Final[dict[str, str]] = {
    "ANALYTICS.SALES.ONLINE_2023_11": "November 2023 Online",
    "ANALYTICS.SALES.WEB_2024": "Web Sales 2024",
    "ANALYTICS.RETAIL.DATE_DIM": "Retail Calendar",
    "ANALYTICS.FINANCE.PAYMENT_CARDS": "credit_card_transactions",
    "ANALYTICS.REFERENCE.CALENDAR": "Company Calendar",
    "ANALYTICS.REFERENCE.POSTAL_CODES": "Postal Codes / Cities",
}
"""Names that somebody gave by hand. All others are the schema and the table, as the usual naming template makes them;
so that ANALYTICS.SALES.ORDERS and RAW.SALES.ORDERS are both called `Sales Orders`, in the same domain."""

PREFIXES: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("s3://acme-lake/clickstream/2026/", "Clickstream 2026", (DIGITAL,), "event_id visitor_id occurred_at"),
    ("s3://acme-lake/clickstream/2025/", "Clickstream 2025", (DIGITAL,), "event_id visitor_id occurred_at"),
    ("s3://acme-lake/app-logs/", "App Logs", (DIGITAL,), "device_id message occurred_at"),
    ("s3://acme-exports/finance/ledger/", "Ledger Exports", (FINANCE,), "entry_id account_id amount"),
    ("s3://acme-exports/finance/bank-files/", "Bank Files", (FINANCE,), "iban amount"),
    ("s3://acme-exports/supply/edi/", "Supplier EDI Files", (SUPPLY,), "supplier_id payload"),
)
"""Objects under S3 prefixes: prefix, display name, domains, columns."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "person": ("first_name", "last_name", "email", "phone"),
    "address": ("street", "postal_code", "city", "country"),
    "card": ("card_number", "card_holder", "card_expiry"),
}
"""A word in a table's line -> the columns that it stands for."""

TYPES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("_id", "_key", "_number", "quantity", "orders", "points", "seconds"), "NUMBER(38,0)", "bigint"),
    (("_at",), "TIMESTAMP_NTZ(9)", "timestamp"),
    (("_date", "_on", "valid_from", "valid_to", "month", "datum"), "DATE", "date"),
    (
        ("amount", "_price", "discount", "cost", "budget", "salary", "bonus", "rate", "weight", "score"),
        "NUMBER(18,2)",
        "decimal(18,2)",
    ),
    (("latitude", "longitude", "speed", "temperature", "confidence"), "FLOAT", "double"),
    (("payload",), "VARIANT", "string"),
)
"""Endings of a column's name, its type in Snowflake and in Databricks; everything else is text."""

TEXT_TYPES: Final = ("VARCHAR(16777216)", "string")

_NAME: Final = ("Discovered.PII", "Discovered.Entity.Person Name")
_MAIL: Final = ("Discovered.PII", "Discovered.Entity.Email Address")
_CARD: Final = ("Discovered.Entity.Credit Card Number", "PCI")
TAGGED: Final[dict[str, tuple[str, ...]]] = {
    "first_name": _NAME,
    "last_name": _NAME,
    "holder_name": _NAME,
    "driver_name": _NAME,
    "manager_name": _NAME,
    "email": (*_MAIL, "Address.email"),
    "author_email": _MAIL,
    "manager_email": _MAIL,
    "phone": ("Discovered.PII", "Discovered.Entity.Telephone Number"),
    "birth_date": ("Discovered.PII", "Discovered.Entity.Date", "DATE"),
    "street": ("Discovered.PII", "Discovered.Entity.Postal Address", "Address.home"),
    "postal_code": ("Discovered.Entity.Postal Code",),
    "country": ("Discovered.Country",),
    "ip_address": ("Discovered.PII", "Discovered.Entity.IP Address"),
    "latitude": ("Discovered.Entity.Location",),
    "longitude": ("Discovered.Entity.Location",),
    "card_number": _CARD,
    "card_holder": (*_NAME, "PCI"),
    "card_expiry": ("PCI",),
    "iban": ("Discovered.Entity.IBAN Code", "SENSITIVE"),
    "salary": ("SENSITIVE", "Compensation"),
    "bonus": ("SENSITIVE", "Compensation"),
    "diagnosis": ("Discovered.PHI", "SENSITIVE"),
    "national_id": ("Discovered.PII", "Discovered.Entity.National ID"),
    "passport_number": ("Discovered.PII", "Discovered.Passport"),
    "transcript": ("Discovered.PII",),
    "order_date": ("DATE",),
}
"""Column -> the tags that discovery put on it."""

MASKED: Final[dict[str, str]] = {
    "email": "Hash",
    "author_email": "Hash",
    "phone": "Regex",
    "last_name": "Null",
    "birth_date": "Rounding",
    "street": "Null",
    "card_number": "Constant",
    "card_holder": "Null",
    "iban": "Constant",
    "salary": "Rounding",
    "bonus": "Rounding",
    "diagnosis": "Null",
    "national_id": "Null",
    "passport_number": "Null",
}
"""Column -> the masking type of the global policy on it, in the schemas that people use (not in RAW)."""

SCHEMA_TAGS: Final[dict[str, tuple[str, ...]]] = {
    "PEOPLE": ("SENSITIVE", "Confidential"),
    "WORKDAY": ("SENSITIVE", "Confidential"),
    "FINANCE": ("Confidential",),
    "STRIPE": ("PCI",),
    "REFERENCE": ("Public",),
}
"""Schema -> tags on its tables."""

OTHER_TAGS: Final = ("Retention.7 Years", "Retention.90 Days", "Certified", "Deprecated")
"""Tags that exist and are applied to nothing."""

PEOPLE_GROUPS: Final = (
    ("Data Stewards", "okta"),
    ("Sales Stewards", "okta"),
    ("Marketing Stewards", "okta"),
    ("Finance Stewards", "okta"),
    ("HR Stewards", "okta"),
    ("Supply Chain Stewards", "okta"),
    ("Privacy Office", "okta"),
    ("Internal Audit", "okta"),
    ("Analysts", "okta"),
    ("Contractors", "okta"),
    ("Contractors", "bim"),
)
"""Name and identity provider. `Contractors` stands in both: a name alone does not say which."""

STAFF: Final = """
    riley.morgan      Riley Morgan       Digital Products  Data Stewards
    jane.doe          Jane Doe           Sales             Sales Stewards
    omar.haddad       Omar Haddad        Sales             Sales Stewards, Data Stewards
    sofia.rossi       Sofia Rossi        Sales             Analysts
    alex.kim          Alex Kim           Sales             Analysts
    alex.kim2         Alex Kim           Finance           Finance Stewards
    zoe.mueller       Zoë Müller         Sales             Sales Stewards
    jose.alvarez      José Álvarez       Marketing         Marketing Stewards
    priya.nair        Priya Nair         Marketing         Marketing Stewards, Data Stewards
    tom.becker        Tom Becker         Marketing         Analysts
    lena.fischer      Lena Fischer       Marketing         Analysts
    grace.okafor      Grace Okafor       Finance           Finance Stewards, Data Stewards
    henrik.larsen     Henrik Larsen      Finance           Finance Stewards
    mei.chen          Mei Chen           Finance           Analysts
    david.cohen       David Cohen        Finance           Internal Audit
    ana.silva         Ana Silva          Human Resources   HR Stewards
    ben.wright        Ben Wright         Human Resources   HR Stewards, Data Stewards
    nora.lindqvist    Nora Lindqvist     Human Resources   Analysts
    ivan.petrov       Ivan Petrov        Supply Chain      Supply Chain Stewards
    fatima.zahra      Fatima Zahra       Supply Chain      Supply Chain Stewards, Data Stewards
    carlos.mendez     Carlos Méndez      Supply Chain      Analysts
    yuki.tanaka       Yuki Tanaka        Supply Chain      Analysts
    emma.clarke       Emma Clarke        Customer Care     Data Stewards
    lucas.martin      Lucas Martin       Customer Care     Analysts
    amina.diallo      Amina Diallo       Customer Care     Analysts
    paul.novak        Paul Novak         Digital Products  Data Stewards
    kate.murphy       Kate Murphy        Digital Products  Analysts
    ravi.shah         Ravi Shah          Digital Products  Analysts
    ingrid.holm       Ingrid Holm        Reference Data    Data Stewards
    victor.hale       Victor Hale        Reference Data    Analysts
    nadia.rahman      Nadia Rahman       Human Resources   Privacy Office
    peter.jansen      Peter Jansen       Finance           Privacy Office, Internal Audit
    olga.smirnova     Olga Smirnova      Finance           Internal Audit
    sam.taylor        Sam Taylor         Sales             Analysts
    chloe.dubois      Chloé Dubois       Sales             Analysts
    noah.williams     Noah Williams      Marketing         Analysts
    isla.campbell     Isla Campbell      Customer Care     Analysts
    leo.wagner        Leo Wagner         Supply Chain      Analysts
    maya.goldberg     Maya Goldberg      Digital Products  Analysts
    finn.oconnor      Finn O'Connor      Finance           Analysts
    ruth.adeyemi      Ruth Adeyemi       Human Resources   Analysts
    dario.conti       Dario Conti        Digital Products  Contractors
    elif.yilmaz       Elif Yılmaz        Marketing         Contractors
    read.only         Robin Reader       Reference Data    Analysts
"""
"""One person a line: username, name, domain (department), groups; two blanks or more in between."""

CALLER: Final = "riley.morgan"
READER: Final = "read.only"
SALES_STEWARD: Final = "jane.doe"
NO_MAIL: Final = "dario.conti"

STEWARDS: Final[dict[str, tuple[str, ...]]] = {
    SALES: ("jane.doe",),
    MARKETING: ("priya.nair",),
    FINANCE: ("grace.okafor", "henrik.larsen"),
    PEOPLE: ("ben.wright",),
    SUPPLY: ("fatima.zahra",),
    CARE: ("emma.clarke",),
    DIGITAL: ("paul.novak",),
    REFERENCE: ("ingrid.holm",),
}
"""Domain -> who holds `Manage Data Products` in it."""
