/**
 * Phrases by which people say that a topic begins, that something is decided, that somebody shall or will do something. English is covered
 * well; of the other languages only what is said most often. Whoever reads a digest is told which languages were looked for.
 *
 * All patterns are tried on one sentence, and run in linear time: no nested repetition.
 */

export interface Cues {
  /** How the language is called in English. */
  readonly called: string;
  readonly topic: RegExp;
  readonly decision: RegExp;
  /** The speaker takes something on. */
  readonly promise: RegExp;
  /** Somebody is asked to do something, or something has to be done. */
  readonly request: RegExp;
  /** Looks like a promise or request, and is the small change of talking. */
  readonly smallChange: RegExp | null;
  /** Answers a request: I will do it. */
  readonly acceptance: RegExp;
  /** A promise that says nothing of its own: "I'll do that". */
  readonly echo: RegExp | null;
}

const DOING = `(?:add|announce|arrange|ask|attach|book|build|buy|call|change|check|choose|clean|collect|complete|contact|copy|correct|cover|create|delete|deliver|deploy|descale|design|discuss|do|document|draft|email|file|fill|find|finish|fix|follow up|get back|handle|help|hire|implement|inform|install|invite|investigate|look into|look at|mail|make|measure|meet|merge|migrate|move|notify|open|order|organi[sz]e|pay|plan|post|prepare|present|print|propose|publish|push|put|read|record|release|remind|remove|repair|replace|reply|report|request|research|reserve|review|rewrite|run|schedule|send|set up|set|share|ship|sign|sort out|speak|start|submit|switch|take|talk|tell|test|translate|try|update|upgrade|upload|verify|visit|work on|work out|write)`;

const ENGLISH: Cues = {
  called: 'English',
  topic:
    /\b(?:next (?:one|topic|item|point|thing|up)|last (?:topic|item|point|thing)|number (?:one|two|three|four|five|six)|(?:first|second|third|fourth|fifth|final) (?:topic|item|point)|mov(?:e|ing) on|(?:talk about|turn to|come to) the|there is one more (?:problem|thing)|any(?:thing| other business)(?: else)?\?|I think we(?:'re| are) (?:through|done))/iu,
  decision:
    /\b(?:(?:we|we've|we have|let us|let's|they) (?:have |all |just )?(?:decided?|agreed?|settled?)\b(?! to disagree| with (?:you|that))|I (?:have |just )?decided\b|(?:it's|it is|that's|that is) (?:decided|settled|agreed)|(?:the|my|our) decision is|(?:we|let's|let us) (?:will |should )?go with\b|(?:final|good) rule\b|(?:we are|we're) going with|(?:was|is|has been) approved\b)/iu,
  promise: new RegExp(
    `\\bI(?:'ll| will| shall|'m going to| am going to| can)(?: also| just| then| probably| definitely)? (?:be the one to )?${DOING}\\b`,
    'iu',
  ),
  request: new RegExp(
    `\\b(?:please (?:also |do not |don't )?${DOING}\\b|(?:can|could|would|will) (?:you|somebody|someone|anybody|anyone)\\b.{0,60}?\\b${DOING}\\b|(?:we|you|somebody|someone) (?:still |also |really )?(?:need|have|has|ought) to\\b|(?:we|you) (?:must|should)\\b|(?:has|have) to (?:be |look |sign |approve )|action item|let(?:'s| us) (?:tell|write|invite|look at|look into|ask|send|call|check|test|fix|schedule|set up|prepare)\\b)`,
    'iu',
  ),
  smallChange:
    /^\W*(?:what|why|how|who|when|where|which|do we|did we|do customers|is there|are there)\b|share my screen|turn (?:it|this|my|that)\b|give me a (?:second|minute)|like to start|we should say|should be (?:open|easy|fine)|we had to\b|(?:can|could) (?:you|everybody|anybody) (?:hear|see)|action items? (?:at|in|list)|asked for|\bbut not\b/iu,
  acceptance:
    /^\W*(?:(?:yes|yeah|yep|sure|okay|ok|of course|great|alright|fine|thanks)\b\W*){0,6}(?:I(?:'ll| will| can)\b|sure\b|of course\b|will do\b|happy to\b|no problem\b|you'll have\b|yes\W*$)/iu,
  echo: /\bI(?:'ll| will| can| could) (?:do|take|handle|arrange) (?:that|it|this|so)\b/iu,
};

const GERMAN: Cues = {
  called: 'German',
  topic:
    /\b(?:erster|zweiter|dritter|vierter|nächster|letzter) punkt\b|kommen wir (?:zu|zum|zur)\b|gibt es sonst noch/iu,
  decision:
    /\b(?:beschließen wir|wir beschließen|(?:haben|ist|wird) .{0,60}(?:beschlossen|entschieden)|wir (?:haben uns )?(?:einigen|geeinigt)|einigen wir uns|wir entscheiden uns|entscheiden wir uns|es bleibt dabei)/iu,
  promise:
    /\b(?:ich (?:werde|übernehme|kümmere mich|schicke|schreibe|melde|mache|prüfe|kläre|rufe|bestelle|besorge|organisiere|bereite)\b|(?:das|mache|übernehme) (?:ich|übernehme ich|mache ich)\b|wir decken\b|(?:schreibe|schicke|melde|kläre|prüfe|rufe) ich\b)/iu,
  request:
    /\b(?:bitte (?:schick|schreib|mach|ruf|prüf|klär|bring|bestell|geb|gib|sag)\p{L}*|(?:können|könnten|würden) sie\b.{0,60}?\b(?:schreiben|schicken|machen|prüfen|klären|anrufen|bestellen|vorbereiten|messen)|(?:kannst|könntest) du\b.{0,60}?\b(?:schreiben|schicken|machen|prüfen|klären|anrufen|bestellen|vorbereiten)|(?:müssen wir|wir müssen|man muss)\b)/iu,
  smallChange: /^\W*(?:was|warum|wie|wer|wann|wo)\b/iu,
  acceptance: /^\W*(?:ja|gern|gerne|klar|mache ich|mach ich|ich |das (?:übernehme|mache) ich|natürlich|wird gemacht)/iu,
  echo: /\b(?:mach|mache|übernehme|erledige) ich\b(?!.{25})/iu,
};

const FRENCH: Cues = {
  called: 'French',
  topic: /\b(?:premier|deuxième|troisième|prochain|dernier) (?:point|sujet)|passons (?:à|au|aux)|autre chose/iu,
  decision:
    /\b(?:(?:nous avons|on a|avons) décidé|nous décidons|on décide|c'est décidé|(?:nous sommes|on est) d'accord pour|on part sur)/iu,
  promise:
    /\b(?:je vais \p{L}+(?:er|ir|re)\b|je m'en (?:occupe|charge)|je (?:prends|prépare|envoie|vérifie|rédige)|je m'occupe)/iu,
  request:
    /\b(?:(?:peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|merci de|il faut(?: que| qu')?|il faudra(?:it)?|(?:nous devons|on doit))\b)/iu,
  smallChange: null,
  acceptance: /^\W*(?:oui|d'accord|bien sûr|je m'en|je vais|pas de problème|volontiers)/iu,
  echo: /\bje m'en (?:occupe|charge)/iu,
};

const SPANISH: Cues = {
  called: 'Spanish',
  topic:
    /\b(?:primer|segundo|tercer|siguiente|próximo|último) (?:punto|tema)|pasamos a|^\W*ahora (?:el|la|los|las)\b|algo más\?/iu,
  decision: /\b(?:hemos (?:decidido|acordado)|decidimos|acordamos|queda (?:decidido|acordado)|quedamos en)\b/iu,
  promise:
    /\b(?:(?:voy|vamos) a \p{L}+(?:ar|er|ir)(?:lo|la|los|las|le|les)?\b|me encargo|yo (?:lo|la) (?:hago|envío|preparo)|(?:haré|enviaré|escribiré|prepararé|llamaré|preguntaré|compraré))/iu,
  request:
    /\b(?:por favor|¿(?:me |nos |lo )?(?:puedes|podrías|puede|podría) \p{L}+(?:ar|er|ir)|(?:tenemos|hay|habrá|tienes) que|necesitamos|debemos)\b/iu,
  smallChange: null,
  acceptance: /^\W*(?:sí|claro|de acuerdo|vale|por supuesto|voy a|yo (?:me|lo))/iu,
  echo: /\b(?:yo )?me encargo\b/iu,
};

const PORTUGUESE: Cues = {
  called: 'Portuguese',
  topic: /\b(?:primeiro|segundo|terceiro|próximo|último) (?:ponto|tema|assunto)|passamos a|mais alguma coisa/iu,
  decision: /\b(?:decidimos|ficou decidido|está decidido|combinamos|ficou combinado|concordamos)\b/iu,
  promise: /\b(?:vou \p{L}+(?:ar|er|ir)\b|eu (?:faço|envio|preparo|cuido)|farei|enviarei)/iu,
  request:
    /\b(?:por favor|(?:pode|podes|podia|poderia) \p{L}+(?:ar|er|ir)|(?:temos|é preciso|precisamos)(?: que| de)?)\b/iu,
  smallChange: null,
  acceptance: /^\W*(?:sim|claro|com certeza|vou|está bem|pode deixar)/iu,
  echo: /\b(?:eu cuido disso|pode deixar)\b/iu,
};

const ITALIAN: Cues = {
  called: 'Italian',
  topic: /\b(?:primo|secondo|terzo|prossimo|ultimo) (?:punto|tema|argomento)|passiamo (?:a|al|alla)|altro\?/iu,
  decision: /\b(?:abbiamo deciso|decidiamo|è deciso|siamo d'accordo (?:di|che|su))/iu,
  promise: /\b(?:me ne occupo|ci penso io|lo faccio io|(?:farò|manderò|scriverò|preparerò|chiamerò|chiederò))/iu,
  request: /\b(?:per favore|(?:puoi|potresti|può|potrebbe) \p{L}+(?:are|ere|ire)|(?:dobbiamo|bisogna|serve))\b/iu,
  smallChange: null,
  acceptance: /^\W*(?:sì|certo|va bene|d'accordo|ci penso|lo faccio|me ne occupo)/iu,
  echo: /\b(?:ci penso io|lo faccio io|me ne occupo)/iu,
};

const RUSSIAN: Cues = {
  called: 'Russian',
  topic: /(?:первый|второй|третий|следующий|последний) (?:вопрос|пункт)|перейд[её]м к/iu,
  decision: /(?:мы решили|решено|договорились|мы согласовали)/iu,
  promise: /(?:^|[^\p{L}])я (?:сделаю|напишу|отправлю|подготовлю|позвоню|проверю|возьму|займусь|пришлю)/iu,
  request: /(?:пожалуйста|(?:нам|тебе|вам) (?:нужно|надо)|необходимо|(?:можешь|можете|сможешь|сможете) )/iu,
  smallChange: null,
  acceptance: /^[^\p{L}]*(?:да|хорошо|конечно|я )/iu,
  echo: /я (?:сделаю это|этим займусь|возьму это)/iu,
};

const ARABIC: Cues = {
  called: 'Arabic',
  topic: /الموضوع (?:الأول|الثاني|الثالث|الرابع|التالي|الأخير)|ننتقل إلى/u,
  decision: /(?:اتفقنا|قررنا|قرّرنا|وافقنا|تم الاتفاق|القرار هو)/u,
  promise: /(?:^|[^\p{L}])سأ\p{L}{2,}/u,
  request: /(?:من فضلك|رجاء|الرجاء|يجب أن|علينا أن|نحتاج إلى|هل يمكنك|هل تستطيع)/u,
  smallChange: null,
  acceptance: /^[^\p{L}]*(?:نعم|حسنا|بالتأكيد|طبعا|سأ)/u,
  echo: null,
};

const CHINESE: Cues = {
  called: 'Chinese',
  topic: /^(?:先说|首先|接下来|下一个|另外一件|最后|第[一二三四五六]件)/u,
  decision: /(?:我们决定|他们决定|已经决定|决定了|同意了|一致同意|定下来)/u,
  promise: /我(?:会|来|去|明天|马上|负责|今天)(?!觉得|想)/u,
  request: /(?:请(?!问)[^，。]{2,}|麻烦你|需要你|必须)/u,
  smallChange: /^(?:需要|怎么|为什么)[^。]*[？?]$/u,
  acceptance: /^(?:没问题|好的|好，|可以|我(?:会|来|去))/u,
  echo: /^(?:好的?，?)?我来(?:做|吧)。?$/u,
};

const JAPANESE: Cues = {
  called: 'Japanese',
  topic: /^(?:まず|次は|次に|続いて|最後に|それから、?次)/u,
  decision: /(?:決めました|決定しました|ことにしました|ことにします|決まりました|に決定|検討しましょう)/u,
  promise:
    /(?:(?:私が|私は|電話は私).{0,30}(?:ます|きます)|(?:しておきます|準備します|作ります|連絡します|取ります|送ります|確認します))/u,
  request:
    /(?:て(?:おいて)?ください(?!、と)|お願いできますか|てもらえますか|なければなりません|必要があります|もう一度電話をしましょう)/u,
  smallChange: /と書いた/u,
  acceptance: /^(?:はい|分かりました|了解|承知|私が)/u,
  echo: /^(?:はい、?)?(?:私が)?(?:やります|します)。?$/u,
};

const BY_LANGUAGE: Readonly<Record<string, Cues>> = {
  en: ENGLISH,
  de: GERMAN,
  fr: FRENCH,
  es: SPANISH,
  pt: PORTUGUESE,
  it: ITALIAN,
  ru: RUSSIAN,
  ar: ARABIC,
  zh: CHINESE,
  ja: JAPANESE,
};

const primary = (language: string): string => language.toLowerCase().split(/[-_]/)[0] ?? '';

/** The cues to look for where `language` is spoken: its own, and English, which gets into meetings everywhere. Null: nobody knows; all. */
export const cuesFor = (language: string | null): readonly Cues[] => {
  if (language === null) return Object.values(BY_LANGUAGE);
  const own = BY_LANGUAGE[primary(language)];
  return own === undefined || own === ENGLISH ? [ENGLISH] : [own, ENGLISH];
};

/** Whether phrases of this language are known. */
export const hasCues = (language: string): boolean => Object.hasOwn(BY_LANGUAGE, primary(language));
