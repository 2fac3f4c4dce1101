"""What the generated base is made of: French names, streets and towns. No person, no address of it is real.

Towns, postcodes and départements are public facts; the number behind each is its weight when places
are drawn, roughly its thousands of inhabitants.
"""

from typing import Final

WOMEN: Final = [
    "Marie",
    "Nathalie",
    "Isabelle",
    "Sylvie",
    "Catherine",
    "Martine",
    "Christine",
    "Françoise",
    "Valérie",
    "Sandrine",
    "Stéphanie",
    "Véronique",
    "Sophie",
    "Céline",
    "Chantal",
    "Patricia",
    "Anne",
    "Brigitte",
    "Julie",
    "Monique",
    "Aurélie",
    "Nicole",
    "Laurence",
    "Annie",
    "Émilie",
    "Dominique",
    "Virginie",
    "Corinne",
    "Élodie",
    "Christelle",
    "Camille",
    "Caroline",
    "Léa",
    "Sarah",
    "Florence",
    "Laetitia",
    "Audrey",
    "Hélène",
    "Laura",
    "Mélanie",
    "Claire",
    "Nadine",
    "Agnès",
    "Karine",
    "Pauline",
    "Delphine",
    "Mathilde",
    "Charlotte",
    "Emma",
    "Manon",
    "Marion",
    "Chloé",
    "Inès",
    "Alice",
    "Jeanne",
    "Louise",
    "Juliette",
    "Anaïs",
    "Clémence",
    "Zoé",
    "Lucie",
    "Noémie",
    "Solène",
    "Maëlle",
    "Gaëlle",
    "Fanny",
    "Amandine",
    "Bénédicte",
    "Marie-Laure",
    "Anne-Sophie",
    "Marie-Claude",
    "Estelle",
    "Myriam",
    "Fatima",
    "Leïla",
    "Nadia",
    "Samira",
    "Yasmine",
    "Aïcha",
    "Salomé",
    "Éva",
    "Ophélie",
    "Justine",
    "Margaux",
    "Victoire",
    "Capucine",
    "Élise",
    "Lucile",
    "Perrine",
    "Blandine",
    "Édith",
]

MEN: Final = [
    "Jean",
    "Philippe",
    "Michel",
    "Alain",
    "Patrick",
    "Nicolas",
    "Christophe",
    "Pierre",
    "Christian",
    "Éric",
    "Frédéric",
    "Laurent",
    "Stéphane",
    "David",
    "Pascal",
    "Daniel",
    "Alexandre",
    "Julien",
    "Thierry",
    "Olivier",
    "Bernard",
    "Thomas",
    "Sébastien",
    "Gérard",
    "Didier",
    "Dominique",
    "Vincent",
    "François",
    "Bruno",
    "Guillaume",
    "Jérôme",
    "Jacques",
    "Marc",
    "Maxime",
    "Romain",
    "Claude",
    "Antoine",
    "Franck",
    "Jean-Pierre",
    "Anthony",
    "Kévin",
    "Gilles",
    "Cédric",
    "Serge",
    "André",
    "Mathieu",
    "Benjamin",
    "Patrice",
    "Fabrice",
    "Joël",
    "Jérémy",
    "Clément",
    "Arnaud",
    "Denis",
    "Paul",
    "Lucas",
    "Hervé",
    "Jean-Claude",
    "Sylvain",
    "Yves",
    "Ludovic",
    "Guy",
    "Florian",
    "Damien",
    "Alexis",
    "Mickaël",
    "Quentin",
    "Emmanuel",
    "Louis",
    "Benoît",
    "Jean-Luc",
    "Fabien",
    "Francis",
    "Hugo",
    "Jonathan",
    "Loïc",
    "Xavier",
    "Théo",
    "Adrien",
    "Raphaël",
    "Jean-François",
    "Grégory",
    "Robert",
    "Michaël",
    "Valentin",
    "Cyril",
    "Jean-Marc",
    "Karim",
    "Mehdi",
    "Rachid",
    "Yann",
    "Gaël",
    "Ronan",
    "Aurélien",
    "Rémi",
    "Côme",
]

FAMILIES: Final = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Lefebvre",
    "Leroy",
    "Roux",
    "David",
    "Bertrand",
    "Morel",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Vincent",
    "Muller",
    "Lefèvre",
    "Faure",
    "André",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Chevalier",
    "François",
    "Legrand",
    "Gauthier",
    "Garcia",
    "Perrin",
    "Robin",
    "Clément",
    "Morin",
    "Nicolas",
    "Henry",
    "Roussel",
    "Mathieu",
    "Gautier",
    "Masson",
    "Marchand",
    "Duval",
    "Denis",
    "Dumont",
    "Marie",
    "Lemaire",
    "Noël",
    "Meyer",
    "Dufour",
    "Meunier",
    "Brun",
    "Blanchard",
    "Giraud",
    "Joly",
    "Rivière",
    "Lucas",
    "Brunet",
    "Gaillard",
    "Barbier",
    "Arnaud",
    "Martinez",
    "Gérard",
    "Roche",
    "Renard",
    "Schmitt",
    "Roy",
    "Leroux",
    "Colin",
    "Vidal",
    "Caron",
    "Picard",
    "Roger",
    "Fabre",
    "Aubert",
    "Lemoine",
    "Renaud",
    "Dumas",
    "Lacroix",
    "Olivier",
    "Philippe",
    "Bourgeois",
    "Pierre",
    "Benoît",
    "Rey",
    "Leclerc",
    "Payet",
    "Rolland",
    "Leclercq",
    "Guillaume",
    "Lecomte",
    "Lopez",
    "Jean",
    "Dupuy",
    "Guillot",
    "Hubert",
    "Berger",
    "Carpentier",
    "Sanchez",
    "Dupuis",
    "Moulin",
    "Louis",
    "Deschamps",
    "Huet",
    "Vasseur",
    "Perez",
    "Boucher",
    "Fleury",
    "Royer",
    "Klein",
    "Jacquet",
    "Adam",
    "Paris",
    "Poirier",
    "Marty",
    "Aubry",
    "Guyot",
    "Carré",
    "Charles",
    "Renault",
    "Charpentier",
    "Ménard",
    "Maillard",
    "Baron",
    "Bertin",
    "Bailly",
    "Hervé",
    "Schneider",
    "Fernandez",
    "Collet",
    "Léger",
    "Bouvier",
    "Julien",
    "Prévost",
    "Millet",
    "Perrot",
    "Daniel",
    "Cousin",
    "Germain",
    "Breton",
    "Besson",
    "Langlois",
    "Rémy",
    "Pelletier",
    "Lévêque",
    "Perrier",
    "Leblanc",
    "Barré",
    "Lebrun",
    "Marchal",
    "Weber",
    "Mallet",
    "Hamon",
    "Boulanger",
    "Jacob",
    "Monnier",
    "Michaud",
    "Rodriguez",
    "Guichard",
    "Gillet",
    "Étienne",
    "Grondin",
    "Poulain",
    "Tessier",
    "Chevallier",
    "Collin",
    "Chauvin",
    "Bouchet",
    "Gay",
    "Lemaître",
    "Bénard",
    "Maréchal",
    "Humbert",
    "Reynaud",
    "Antoine",
    "Hoarau",
    "Perret",
    "Barthélemy",
    "Cordier",
    "Pichon",
    "Lejeune",
    "Gilbert",
    "Lamy",
    "Delaunay",
    "Pasquier",
    "Carlier",
    "Laporte",
    "Legros",
    "Guillou",
    "Cohen",
    "Benali",
    "Haddad",
    "Nguyen",
    "Diallo",
    "Traoré",
    "Ferreira",
    "Da-Silva",
    "Le-Goff",
    "Le-Gall",
    "Kerbrat",
    "Etcheverry",
    "Casanova",
    "Leonetti",
    "Colonna",
    "Poletti",
    "Hoareau",
    "Técher",
    "Rakoto",
    "Zitouni",
    "Belkacem",
    "Achour",
    "Novak",
    "Kowalski",
    "Lebon",
    "d'Aubigny",
    "de-La-Fontaine",
    "Quéméner",
    "Cœurdevey",
    "Schoenfeld",
    "Vandenbussche",
    "Delahaye",
    "Delattre",
    "Desmoulins",
    "Beaumont",
    "Valentin",
    "Sauvage",
    "Tanguy",
    "Cadiou",
    "Ollivier",
]

STREETS: Final = (
    """
rue de la République|rue Victor Hugo|avenue Jean Jaurès|rue Pasteur|rue du Moulin|place de l'Église|rue des Écoles
rue de la Gare|avenue de la Gare|rue du Général de Gaulle|rue Jules Ferry|rue de la Mairie|place de la Mairie|rue Gambetta
boulevard Gambetta|rue des Lilas|rue des Acacias|rue de Verdun|avenue de Verdun|rue de la Fontaine|rue Saint-Michel
rue Émile Zola|rue Voltaire|rue Jean Moulin|boulevard Carnot|rue du Stade|rue des Jardins|rue de la Paix|rue du Château
chemin des Vignes|rue de Bretagne|rue de Paris|route de Lyon|cours de la Libération|place du Marché|rue Louis Pasteur
rue Marie Curie|avenue Foch|rue Molière|rue du 8 Mai 1945|rue du 11 Novembre|avenue du Maréchal Leclerc|quai de la Loire
rue des Tilleuls|rue des Peupliers|allée des Cerisiers|impasse des Roses|square Lamartine|rue Lamartine|rue Balzac
rue de l'Hôpital|rue Saint-Jean|rue Notre-Dame|boulevard de la Liberté|avenue des Alpes|route de Bordeaux|rue du Port
rue de la Forge|chemin du Lavoir|rue des Champs|rue du Pont|rue des Remparts|place Jeanne d'Arc|rue Jeanne d'Arc
rue Nationale|Grande Rue|rue Basse|rue Haute|rue du Puits|rue des Capucins|rue Montaigne|rue Rabelais|avenue de l'Europe
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

PHARMACIES: Final = (
    """
Centrale|du Marché|de la Gare|de la Mairie|du Centre|des Halles|de l'Église|du Pont|Saint-Martin|de la Poste|des Arcades
de l'Hôtel de Ville|du Port|de la Place|Lafayette Nord|des Quatre Vents|du Soleil|de la Fontaine|Principale|du Parc
des Tilleuls|de l'Europe|du Lac|de la République|du Château|Saint-Jean|Notre-Dame|des Écoles|du Vieux Moulin|Moderne
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

HOSPITALS: Final = (
    """
Centre hospitalier de|Clinique Saint-Joseph de|Polyclinique des Remparts de|Hôpital local de|Clinique du Parc de
Centre hospitalier intercommunal de|Centre de rééducation les Tilleuls de
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

#: code, group, weight among prescribers (roughly the shares of doctors in practice), label of the profession
SPECIALTIES: Final = (
    ("SM54", "GP", 300), ("SM26", "GP", 120), ("SM53", "GP", 80), ("SM04", "CARDIO", 45), ("SM73", "CARDIO", 6),
    ("SM15", "SM15", 24), ("SM40", "PEDIA", 27), ("SM20", "SM20", 28), ("SM38", "SM38", 36), ("SM42", "SM42", 60),
    ("SM41", "PNEUMO", 13), ("SM24", "SM24", 22), ("SM48", "SM48", 17), ("SM32", "SM32", 12), ("SM36", "ONCO", 8),
    ("SM37", "ONCO", 6), ("SM21", "HEMATO", 4), ("SM16", "ENDOC", 8), ("SM62", "ENDOC", 9), ("SM30", "SM30", 8),
    ("SM74", "SM74", 42), ("SM02", "SM02", 32), ("SM08", "SM08", 25), ("SM18", "SM18", 12), ("SM59", "SM59", 10),
)  # fmt: skip

_TOWNS: Final = (
    """
13001 Marseille 13 54|13002 Marseille 13 24|13003 Marseille 13 52|13004 Marseille 13 49|13005 Marseille 13 46
13006 Marseille 13 41|13007 Marseille 13 34|13008 Marseille 13 81|13009 Marseille 13 75|13010 Marseille 13 57
13011 Marseille 13 57|13012 Marseille 13 62|13013 Marseille 13 91|13014 Marseille 13 62|13015 Marseille 13 78
13100 Aix-en-Provence 13 145|13200 Arles 13 51|13300 Salon-de-Provence 13 45|13400 Aubagne 13 47|13500 Martigues 13 48
69001 Lyon 69 29|69002 Lyon 69 30|69003 Lyon 69 102|69004 Lyon 69 36|69005 Lyon 69 49|69006 Lyon 69 51|69007 Lyon 69 83
69008 Lyon 69 86|69009 Lyon 69 54|69100 Villeurbanne 69 152|69200 Vénissieux 69 66|69400 Villefranche-sur-Saône 69 37
75001 Paris 75 16|75002 Paris 75 21|75003 Paris 75 34|75004 Paris 75 29|75005 Paris 75 58|75006 Paris 75 40|75007 Paris 75 49
75008 Paris 75 36|75009 Paris 75 60|75010 Paris 75 86|75011 Paris 75 144|75012 Paris 75 140|75013 Paris 75 181
75014 Paris 75 135|75015 Paris 75 230|75016 Paris 75 165|75017 Paris 75 166|75018 Paris 75 191|75019 Paris 75 183
75020 Paris 75 190|31000 Toulouse 31 190|31100 Toulouse 31 95|31200 Toulouse 31 75|31300 Toulouse 31 65|31400 Toulouse 31 60
31500 Toulouse 31 35|31770 Colomiers 31 39|31600 Muret 31 25|06000 Nice 06 170|06100 Nice 06 90|06200 Nice 06 60|06300 Nice 06 40
06400 Cannes 06 74|06600 Antibes 06 72|06130 Grasse 06 49|06500 Menton 06 30|44000 Nantes 44 150|44100 Nantes 44 90
44200 Nantes 44 40|44300 Nantes 44 70|44600 Saint-Nazaire 44 72|44800 Saint-Herblain 44 48|44400 Rezé 44 43
44110 Châteaubriant 44 12|34000 Montpellier 34 130|34070 Montpellier 34 75|34080 Montpellier 34 80|34090 Montpellier 34 60
34500 Béziers 34 79|34200 Sète 34 44|67000 Strasbourg 67 190|67100 Strasbourg 67 70|67200 Strasbourg 67 35|67500 Haguenau 67 35
67600 Sélestat 67 19|33000 Bordeaux 33 160|33100 Bordeaux 33 40|33200 Bordeaux 33 30|33300 Bordeaux 33 30|33700 Mérignac 33 74
33600 Pessac 33 66|33500 Libourne 33 25|33120 Arcachon 33 11|59000 Lille 59 160|59800 Lille 59 50|59100 Roubaix 59 98
59200 Tourcoing 59 98|59140 Dunkerque 59 86|59650 Villeneuve-d'Ascq 59 62|59300 Valenciennes 59 43|59500 Douai 59 40
59400 Cambrai 59 32|59600 Maubeuge 59 29|35000 Rennes 35 140|35200 Rennes 35 45|35700 Rennes 35 35|35400 Saint-Malo 35 47
35300 Fougères 35 20|35500 Vitré 35 19|51100 Reims 51 180|51000 Châlons-en-Champagne 51 44|51200 Épernay 51 22
76600 Le-Havre 76 110|76620 Le-Havre 76 55|76000 Rouen 76 75|76100 Rouen 76 40|76200 Dieppe 76 29|42000 Saint-Étienne 42 110
42100 Saint-Étienne 42 62|42300 Roanne 42 34|83000 Toulon 83 110|83100 Toulon 83 40|83200 Toulon 83 30|83400 Hyères 83 55
83600 Fréjus 83 57|83300 Draguignan 83 39|38000 Grenoble 38 100|38100 Grenoble 38 58|38200 Vienne 38 31|38300 Bourgoin-Jallieu 38 29
38500 Voiron 38 20|21000 Dijon 21 160|21200 Beaune 21 20|49000 Angers 49 110|49100 Angers 49 46|49300 Cholet 49 54
49400 Saumur 49 27|30000 Nîmes 30 100|30900 Nîmes 30 48|30100 Alès 30 44|63000 Clermont-Ferrand 63 147|63200 Riom 63 19
63300 Thiers 63 12|72000 Le-Mans 72 100|72100 Le-Mans 72 45|72300 Sablé-sur-Sarthe 72 12|29200 Brest 29 140|29000 Quimper 29 63
29600 Morlaix 29 15|29900 Concarneau 29 20|37000 Tours 37 90|37100 Tours 37 40|37500 Chinon 37 8|80000 Amiens 80 100
80080 Amiens 80 34|80100 Abbeville 80 23|87000 Limoges 87 100|87100 Limoges 87 30|74000 Annecy 74 130|74100 Annemasse 74 36
74200 Thonon-les-Bains 74 36|74300 Cluses 74 17|66000 Perpignan 66 90|66100 Perpignan 66 30|57000 Metz 57 80|57050 Metz 57 25
57100 Thionville 57 41|57200 Sarreguemines 57 21|57600 Forbach 57 21|25000 Besançon 25 118|25200 Montbéliard 25 25
25300 Pontarlier 25 17|45000 Orléans 45 85|45100 Orléans 45 32|45200 Montargis 45 15|68100 Mulhouse 68 70|68200 Mulhouse 68 38
68000 Colmar 68 68|68300 Saint-Louis 68 22|14000 Caen 14 106|14100 Lisieux 14 20|14400 Bayeux 14 13|54000 Nancy 54 105
54300 Lunéville 54 18|92100 Boulogne-Billancourt 92 120|92000 Nanterre 92 96|92600 Asnières-sur-Seine 92 87
92700 Colombes 92 86|92400 Courbevoie 92 82|92500 Rueil-Malmaison 92 80|92300 Levallois-Perret 92 66|92160 Antony 92 62
92140 Clamart 92 54|93200 Saint-Denis 93 113|93100 Montreuil 93 110|93300 Aubervilliers 93 88|93600 Aulnay-sous-Bois 93 86
93700 Drancy 93 71|93160 Noisy-le-Grand 93 68|93000 Bobigny 93 54|94400 Vitry-sur-Seine 94 95|94000 Créteil 94 92
94500 Champigny-sur-Marne 94 77|94100 Saint-Maur-des-Fossés 94 75|94200 Ivry-sur-Seine 94 64|95100 Argenteuil 95 108
95200 Sarcelles 95 58|95000 Cergy 95 66|95300 Pontoise 95 31|78000 Versailles 78 84|78500 Sartrouville 78 52
78200 Mantes-la-Jolie 78 44|78100 Saint-Germain-en-Laye 78 44|78120 Rambouillet 78 27|77100 Meaux 77 55|77500 Chelles 77 55
77000 Melun 77 41|77300 Fontainebleau 77 15|77160 Provins 77 12|91000 Évry-Courcouronnes 91 66|91300 Massy 91 50
91100 Corbeil-Essonnes 91 53|91150 Étampes 91 26|60000 Beauvais 60 56|60200 Compiègne 60 40|60100 Creil 60 36
02100 Saint-Quentin 02 53|02200 Soissons 02 28|02000 Laon 02 24|62100 Calais 62 67|62200 Boulogne-sur-Mer 62 40|62000 Arras 62 42
62300 Lens 62 32|62400 Béthune 62 25|86000 Poitiers 86 90|86100 Châtellerault 86 31|17000 La-Rochelle 17 78|17100 Saintes 17 25
17300 Rochefort 17 23|64000 Pau 64 77|64100 Bayonne 64 52|64200 Biarritz 64 26|64400 Oloron-Sainte-Marie 64 11
84000 Avignon 84 91|84200 Carpentras 84 29|84100 Orange 84 29|26000 Valence 26 64|26200 Montélimar 26 39|26100 Romans-sur-Isère 26 33
73000 Chambéry 73 59|73100 Aix-les-Bains 73 30|73200 Albertville 73 19|73300 Saint-Jean-de-Maurienne 73 8|01000 Bourg-en-Bresse 01 41
01100 Oyonnax 01 22|10000 Troyes 10 62|56100 Lorient 56 57|56000 Vannes 56 54|56300 Pontivy 56 15|22000 Saint-Brieuc 22 44
22300 Lannion 22 20|22100 Dinan 22 14|81000 Albi 81 49|81100 Castres 81 42|82000 Montauban 82 61|11000 Carcassonne 11 46
11100 Narbonne 11 56|11300 Limoux 11 10|12000 Rodez 12 24|12100 Millau 12 22|65000 Tarbes 65 43|65100 Lourdes 65 13
32000 Auch 32 22|46000 Cahors 46 20|46100 Figeac 46 10|09000 Foix 09 10|09100 Pamiers 09 16|48000 Mende 48 12|15000 Aurillac 15 26
43000 Le-Puy-en-Velay 43 19|07000 Privas 07 8|07200 Aubenas 07 12|07100 Annonay 07 17|03000 Moulins 03 20|03100 Montluçon 03 34
03200 Vichy 03 25|18000 Bourges 18 65|18100 Vierzon 18 25|36000 Châteauroux 36 43|41000 Blois 41 46|41200 Romorantin-Lanthenay 41 18
28000 Chartres 28 39|28100 Dreux 28 31|27000 Évreux 27 47|27200 Vernon 27 24|61000 Alençon 61 26|50100 Cherbourg-en-Cotentin 50 78
50000 Saint-Lô 50 19|50300 Avranches 50 10|53000 Laval 53 50|85000 La-Roche-sur-Yon 85 55|85100 Les-Sables-d'Olonne 85 45
79000 Niort 79 59|79300 Bressuire 79 20|16000 Angoulême 16 41|16100 Cognac 16 19|24000 Périgueux 24 29|24100 Bergerac 24 26
19100 Brive-la-Gaillarde 19 47|19000 Tulle 19 14|23000 Guéret 23 13|47000 Agen 47 33|47300 Villeneuve-sur-Lot 47 22
40000 Mont-de-Marsan 40 30|40100 Dax 40 21|71100 Chalon-sur-Saône 71 45|71000 Mâcon 71 34|71200 Le-Creusot 71 21|58000 Nevers 58 33
89000 Auxerre 89 35|89100 Sens 89 27|39000 Lons-le-Saunier 39 17|39100 Dole 39 24|70000 Vesoul 70 15|90000 Belfort 90 46
88000 Épinal 88 32|88100 Saint-Dié-des-Vosges 88 19|55000 Bar-le-Duc 55 15|55100 Verdun 55 17|52100 Saint-Dizier 52 23
52000 Chaumont 52 21|08000 Charleville-Mézières 08 46|08200 Sedan 08 16|04100 Manosque 04 23|04000 Digne-les-Bains 04 16
05000 Gap 05 41|20000 Ajaccio 2A 71|20137 Porto-Vecchio 2A 12|20200 Bastia 2B 48|20250 Corte 2B 8|20260 Calvi 2B 6
97110 Pointe-à-Pitre 971 15|97139 Les-Abymes 971 52|97100 Basse-Terre 971 10|97200 Fort-de-France 972 76|97232 Le-Lamentin 972 40
97300 Cayenne 973 63|97320 Saint-Laurent-du-Maroni 973 49|97400 Saint-Denis 974 110|97410 Saint-Pierre 974 84
97430 Le-Tampon 974 80|97460 Saint-Paul 974 60|97600 Mamoudzou 976 71
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

TOWNS: Final = tuple(
    (postcode, name, department, int(weight))
    for postcode, name, department, weight in (line.split() for line in _TOWNS)
)
"""Postcode, name, département, weight."""
